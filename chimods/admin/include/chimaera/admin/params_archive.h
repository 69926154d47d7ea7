// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CreateParams as bytes: cereal's binary format, written by cereal and read by
// an archive of our own, since the bytes come from a client. cereal's reader
// makes room for whatever length stands there; this one refuses a length that
// is more than what is left.

#ifndef CHIMAERA_ADMIN_PARAMS_ARCHIVE_H_
#define CHIMAERA_ADMIN_PARAMS_ARCHIVE_H_

#include <cereal/archives/binary.hpp>
#include <cereal/cereal.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

#include "chimaera/base/format.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/shm/storage.h"

namespace chimaera::admin {

/// Reads what cereal::BinaryOutputArchive wrote. Throws StatusError
/// (kBadRequest) where the bytes do not suffice.
class ParamsReader
    : public cereal::InputArchive<ParamsReader,
                                  cereal::AllowEmptyClassElision> {
 public:
  explicit ParamsReader(std::string_view bytes)
      : cereal::InputArchive<ParamsReader, cereal::AllowEmptyClassElision>(
            this),
        rest_(bytes) {}

  void Take(void* to, chi::u64 size) {
    Require(size);
    std::memcpy(to, rest_.data(), size);
    rest_.remove_prefix(size);
  }

  /// REQUIRES for any element count: at least a byte each.
  void Require(chi::u64 size) const {
    if (size <= rest_.size()) return;
    throw chi::StatusError(chi::Status::BadRequest(
        chi::Format("create parameters end early: {} bytes wanted, {} left",
                    size, rest_.size())));
  }

  chi::u64 left() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

// What cereal asks of an archive, found by their argument types.
template <class T>
std::enable_if_t<std::is_arithmetic_v<T>> CEREAL_LOAD_FUNCTION_NAME(
    ParamsReader& reader, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    chi::u8 byte = 0;
    reader.Take(&byte, 1);
    value = byte != 0;
  } else {
    reader.Take(&value, sizeof(value));
  }
}
template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(ParamsReader& reader,
                                    cereal::NameValuePair<T>& pair) {
  reader(pair.value);
}
template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(ParamsReader& reader,
                                    cereal::SizeTag<T>& tag) {
  reader(tag.size);
  reader.Require(tag.size);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(ParamsReader& reader,
                               cereal::BinaryData<T>& data) {
  reader.Take(data.data, data.size);
}

/// The bytes of `params`.
template <class ParamsT>
std::string WriteParams(const ParamsT& params) {
  std::ostringstream out(std::ios::binary);
  cereal::BinaryOutputArchive archive(out);
  archive(params);
  return out.str();
}

/// Fills `params`; throws StatusError(kBadRequest) if `bytes` are too few or
/// too many.
template <class ParamsT>
void ReadParams(std::string_view bytes, ParamsT* params) {
  ParamsReader reader(bytes);
  reader(*params);
  if (reader.left() == 0) return;
  throw chi::StatusError(chi::Status::BadRequest(
      chi::Format("create parameters: {} of {} bytes left over", reader.left(),
                  bytes.size())));
}

}  // namespace chimaera::admin

// Types with one function for both directions (load_minimal) ask for the pair.
namespace cereal::traits::detail {
template <>
struct get_output_from_input<chimaera::admin::ParamsReader> {
  using type = cereal::BinaryOutputArchive;
};
}  // namespace cereal::traits::detail

#endif  // CHIMAERA_ADMIN_PARAMS_ARCHIVE_H_
