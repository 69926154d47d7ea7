// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Pointers that a client made up, through the one place where the runtime
// turns them into addresses. In process, so that sanitizers can watch. A model
// that knows nothing but the segments' sizes says which lie inside.

#include <array>
#include <memory>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/ipc/runtime_data.h"
#include "chimaera/ipc/session.h"
#include "harness.h"

namespace chi::stress {
namespace {

struct Known {
  u16 id = 0;
  u64 size = 0;
  bool writable = false;
};

class Forger {
 public:
  Forger(Session& session, std::vector<Known> known, std::vector<u16> strange,
         u64 seed)
      : session_(session),
        known_(std::move(known)),
        strange_(std::move(strange)),
        random_(seed) {}

  // Until `count` references that do not lie inside were refused.
  void Run(u64 count, Summary* summary) {
    for (; refused_ < count && summary->failures == 0; ++tried_) {
      const u16 segment = Segment();
      const Known* known = Find(segment);
      const u64 size = known == nullptr ? 0 : known->size;
      const u64 offset = Near(size) & ShmPtr::kOffsetMask;
      const u64 length = random_.Below(8) == 0 ? ~u64{0} - offset + Small()
                                               : Near(size - offset);
      Check(ShmPtr::At(segment, offset), length, known, summary);
    }
    summary->done = refused_;
    summary->Add("inside", tried_ - refused_);
  }

 private:
  const Known* Find(u16 id) const {
    for (const Known& known : known_) {
      if (known.id == id) return &known;
    }
    return nullptr;
  }

  u16 Segment() {
    const u64 choice = random_.Below(8);
    if (choice < 5) return known_[random_.Below(known_.size())].id;
    if (choice < 7) return strange_[random_.Below(strange_.size())];
    return static_cast<u16>(random_.Next());
  }

  u64 Small() { return random_.Below(130); }

  // A number beside one that matters.
  u64 Near(u64 number) {
    const std::array<u64, 8> centres = {0,
                                        number,
                                        number / 2,
                                        u64{1} << 32,
                                        u64{1} << 47,
                                        u64{1} << 63,
                                        ~u64{0},
                                        random_.Next()};
    const u64 centre = centres[random_.Below(centres.size())];
    return random_.Below(2) == 0 ? centre + Small() : centre - Small();
  }

  void Check(ShmPtr pointer, u64 length, const Known* known, Summary* summary) {
    const u64 offset = pointer.offset();
    const bool inside = known != nullptr && offset <= known->size &&
                        length <= known->size - offset;
    char* const read = session_.Resolve(pointer, length);
    char* const write = session_.ResolveWritable(pointer, length);
    u64 rest = 0;
    char* from = nullptr;
    if (!session_.ResolveTask(pointer, 0, &from, &rest)) from = nullptr;
    const bool own = known != nullptr && known->writable;
    if (!inside) ++refused_;
    const bool right = (read != nullptr) == inside &&
                       (write != nullptr) == (inside && own) &&
                       (from != nullptr) == (own && offset <= known->size) &&
                       (from == nullptr || rest == known->size - offset);
    if (!right) {
      summary->Fail(Format("{} +{}: read {}, write {}, rest {}, inside {}",
                           pointer, length, read != nullptr, write != nullptr,
                           from != nullptr, inside));
    }
    // Touch both ends, so that a sanitizer or the MMU sees a wrong answer.
    if (read != nullptr && length > 0) {
      static_cast<void>(*static_cast<volatile char*>(read));
      static_cast<void>(*static_cast<volatile char*>(read + length - 1));
    }
  }

  Session& session_;
  const std::vector<Known> known_;
  const std::vector<u16> strange_;
  SeededRandom random_;
  u64 tried_ = 0;
  u64 refused_ = 0;
};

int Run(const Args& args) {
  Summary summary;
  summary.name = "forge_pointers";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  auto commons = std::make_shared<SessionCommons>();
  RuntimeDataOptions options;
  options.segment_bytes = kMiB;
  auto data = RuntimeData::Create(commons->segments, options);
  CHI_CHECK_OK(data.status());
  commons->data = *std::move(data);
  // A device that was there once: its id must stay dead.
  auto device =
      Segment::Create("gone", 64 * kKiB, SegmentSeal::kReadOnlyForOthers);
  CHI_CHECK_OK(device.status());
  const auto stale =
      commons->segments.Register(device->fd(), device->data(), device->size());
  CHI_CHECK_OK(stale.status());
  CHI_CHECK_OK(commons->segments.Unregister(*stale));
  const auto alive =
      commons->segments.Register(device->fd(), device->data(), device->size());
  CHI_CHECK_OK(alive.status());

  auto session = Session::Create({1, 1, 1}, SessionLimits(), kMiB, 2 * kMiB, 1,
                                 commons, nullptr);
  CHI_CHECK_OK(session.status());
  const auto grown = (*session)->AddSegment(SegmentKind::kMain, 12 * kKiB);
  CHI_CHECK_OK(grown.status());
  const std::vector<Known> known = {{kMainSegment, kMiB, true},
                                    {kClientDataSegment, 2 * kMiB, true},
                                    {grown->id, grown->size, true},
                                    {kFirstRuntimeSegment, kMiB, false},
                                    {*alive, device->size(), false}};
  const std::vector<u16> strange = {kNullSegment,
                                    static_cast<u16>(grown->id + 1),
                                    255,
                                    256,
                                    257,
                                    0x7fff,
                                    *stale,
                                    static_cast<u16>(*alive + 1),
                                    kLastRuntimeSegment,
                                    kPrivateSegment};
  summary.begin_ns = NowNs();
  Forger(**session, known, strange, summary.seed).Run(summary.asked, &summary);
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run({argc, argv, {{"seed", "1"}, {"count", "1000000"}}});
}
