"""Other packages' functions, by their own names and signatures, solved by this package.

A user changes one import::

    import monge.compat.pot as ot                              # was: import ot
    from monge.compat.scipy import wasserstein_distance_nd     # was: from scipy.stats import ...

Each module says where it differs from the original. A parameter that only steers the original's
own algorithm is accepted and has no effect.
"""
