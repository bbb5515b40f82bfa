#include "monge/solver/options.hpp"

#include <gtest/gtest.h>

#include <string>

#include "expect_certified.hpp"

namespace monge {
namespace {

constexpr std::array<std::string_view, 2> orders{"forward", "backward"};

struct SampleOptions {
  bool flag = true;
  std::int64_t count = 3;
  double ratio = 0.5;
  std::string mode = "fast";
  std::string order = "forward";

  static constexpr auto fields() {
    return std::array{field<&SampleOptions::flag>("flag", "a flag"),
                      field<&SampleOptions::count>("count", "a count", 1, 10),
                      field<&SampleOptions::ratio>("ratio", "a ratio", 0, 1),
                      field<&SampleOptions::mode>("mode", "a mode"),
                      choice<&SampleOptions::order>("order", "an order", orders)};
  }
};

SampleOptions parse(const OptionMap& given) {
  return parse_options<SampleOptions>("sample", given);
}

TEST(Options, AreTheDefaultsWhereNothingIsGiven) {
  const SampleOptions options = parse({});
  EXPECT_TRUE(options.flag);
  EXPECT_EQ(options.count, 3);
  EXPECT_EQ(options.ratio, 0.5);
  EXPECT_EQ(options.mode, "fast");
}

TEST(Options, AreSetByName) {
  const SampleOptions options = parse({{"flag", false},
                                       {"count", std::int64_t{7}},
                                       {"ratio", 0.25},
                                       {"mode", std::string("slow")}});
  EXPECT_FALSE(options.flag);
  EXPECT_EQ(options.count, 7);
  EXPECT_EQ(options.ratio, 0.25);
  EXPECT_EQ(options.mode, "slow");
}

TEST(Options, AreDescribedFromTheSameList) {
  const std::vector<OptionInfo> infos = describe_options<SampleOptions>();
  ASSERT_EQ(infos.size(), 5U);
  EXPECT_EQ(infos[1].name, "count");
  EXPECT_EQ(infos[1].meaning, "a count");
  EXPECT_EQ(infos[1].default_value, OptionValue(std::int64_t{3}));
  EXPECT_EQ(infos[1].least, 1);
  EXPECT_EQ(infos[1].most, 10);
}

TEST(Options, AWholeNumberServesAsARealOne) {
  EXPECT_EQ(parse({{"ratio", std::int64_t{1}}}).ratio, 1);
}

TEST(Options, OtherTypesAreRefused) {
  EXPECT_THROW(parse({{"count", 2.5}}), InvalidArgument);
  EXPECT_THROW(parse({{"count", true}}), InvalidArgument);
  EXPECT_THROW(parse({{"flag", std::int64_t{1}}}), InvalidArgument);
  EXPECT_THROW(parse({{"mode", 1.0}}), InvalidArgument);
}

TEST(Options, ValuesBeyondTheBoundsAreRefusedWithTheBounds) {
  const std::string message =
      message_of<InvalidArgument>([] { parse({{"count", std::int64_t{11}}}); });
  for (const char* words : {"option \"count\"", "at least 1 and at most 10", "got 11"}) {
    EXPECT_NE(message.find(words), std::string::npos) << message;
  }
  EXPECT_THROW(parse({{"ratio", std::nan("")}}), InvalidArgument);
}

TEST(Options, AChoiceIsOneOfItsList) {
  EXPECT_EQ(parse({{"order", std::string("backward")}}).order, "backward");
  const std::string message =
      message_of<InvalidArgument>([] { parse({{"order", std::string("sideways")}}); });
  for (const char* words : {"\"forward\"", "\"backward\"", "sideways"}) {
    EXPECT_NE(message.find(words), std::string::npos) << message;
  }
}

TEST(Options, AnUnknownNameIsRefusedWithTheKnownOnes) {
  const std::string message = message_of<InvalidArgument>([] { parse({{"cuont", 1.0}}); });
  for (const char* words : {"sample", "cuont", "\"count\"", "\"ratio\""}) {
    EXPECT_NE(message.find(words), std::string::npos) << message;
  }
  EXPECT_THROW(parse_options<NoOptions>("plain", {{"any", 1.0}}), InvalidArgument);
}

TEST(Options, AreWrittenAsAReaderExpects) {
  EXPECT_EQ(to_text(OptionValue(true)), "true");
  EXPECT_EQ(to_text(OptionValue(std::int64_t{12})), "12");
  EXPECT_EQ(to_text(OptionValue(0.5)), "0.5");
  EXPECT_EQ(to_text(OptionValue(std::string("fast"))), "\"fast\"");
}

}  // namespace
}  // namespace monge
