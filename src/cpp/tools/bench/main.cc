// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// chimaera_bench [TOPIC…] [--json] [--quick]: prints figures beside their
// references; without a topic, those of all.

#include <cstdio>
#include <string>
#include <vector>

#include "chimaera/base/log.h"
#include "topics.h"

namespace {

using chi::bench::Effort;
using chi::bench::Figure;

struct Topic {
  const char* name;
  std::vector<Figure> (*measure)(const Effort& effort);
};

constexpr Topic kTopics[] = {
    {"latency", &chi::bench::Latency}, {"throughput", &chi::bench::Throughput},
    {"memory", &chi::bench::Memory},   {"idle", &chi::bench::Idle},
    {"tasks", &chi::bench::Tasks},     {"storage", &chi::bench::Storage}};

constexpr char kHelp[] =
    "usage: chimaera_bench [latency|throughput|memory|idle|tasks|storage]...\n"
    "                      [--json] [--quick]\n"
    "       chimaera_bench null-slices RUNTIME_DIR\n"
    "\n"
    "  --json   one JSON object instead of a table\n"
    "  --quick  in seconds; the figures mean nothing\n"
    "\n"
    "exit codes: 0 measured, whether targets are met or not; 2 a wrong command "
    "line;\n"
    "anything else: something could not be measured, standard error says why\n";

const Topic* FindTopic(const std::string& name) {
  for (const Topic& topic : kTopics) {
    if (name == topic.name) return &topic;
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  chi::SetLogLevel(chi::LogLevel::kWarning);
  if (arguments.size() == 2 && arguments[0] == "null-slices") {
    chi::bench::ServeNullSlices(arguments[1]);
    return 0;
  }
  bool json = false;
  Effort effort;
  std::vector<const Topic*> topics;
  for (const std::string& argument : arguments) {
    if (argument == "--json") {
      json = true;
    } else if (argument == "--quick") {
      effort = Effort::Quick();
    } else if (const Topic* topic = FindTopic(argument)) {
      topics.push_back(topic);
    } else {
      std::fputs(kHelp, argument == "--help" ? stdout : stderr);
      return argument == "--help" ? 0 : 2;
    }
  }
  if (topics.empty()) {
    for (const Topic& topic : kTopics) topics.push_back(&topic);
  }
  std::vector<Figure> figures;
  for (const Topic* topic : topics) {
    for (Figure& figure : topic->measure(effort)) figures.push_back(figure);
  }
  chi::bench::Report(figures, json);
  return 0;
}
