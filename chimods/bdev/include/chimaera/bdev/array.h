// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Named arrays on block devices, the same as Python's (docs/arrays.md):
//
//   auto heights = bdev::Array::Create(device, "heights", {1000, 500}, "<f4");
//   if (!heights.ok()) return heights.status();
//   std::vector<float> rows(10 * 500, 1.5f);
//   heights->Write({{20, 0}, {10, 500}}, rows);
//   auto column = heights->Read<float>({{0, 7}, {1000, 1}});

#ifndef CHIMAERA_BDEV_ARRAY_H_
#define CHIMAERA_BDEV_ARRAY_H_

#include <chimaera/bdev/array_layout.h>
#include <chimaera/bdev/bdev_client.h>
#include <chimaera/chimaera.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chimaera::bdev {

class Deadline;
class NewChunks;
struct StoredArray;

/// Elements of an array where they lie, read-only and never changed: whatever
/// is written, deleted, or dies, they are what they were. Has to end before
/// this process's client does.
class ArrayView {
 public:
  ArrayView(ArrayView&& other) noexcept;
  ArrayView& operator=(ArrayView&&) = delete;
  ~ArrayView();

  /// The first element.
  const void* data() const { return data_; }
  const std::vector<chi::u64>& shape() const { return shape_; }
  /// Along each axis, bytes from one element to the next.
  const std::vector<chi::u64>& strides() const { return strides_; }

 private:
  friend class Array;
  explicit ArrayView(Client device) : device_(std::move(device)) {}

  Client device_;
  Block block_;  // pinned; block_id_ 0: none
  const char* data_ = nullptr;
  std::vector<chi::u64> shape_;
  std::vector<chi::u64> strides_;
};

/// An array that is made anew, in shared memory, by who has it for himself: see
/// Array::Loan. Ends without a trace unless it is sealed, also when its process
/// is killed. Has to end before this process's client does.
class ArrayLoan {
 public:
  ArrayLoan(ArrayLoan&&) noexcept;
  ArrayLoan& operator=(ArrayLoan&&) = delete;
  ~ArrayLoan();

  /// All elements, dense and in C order, uninitialised; null if it is made in
  /// parts, or sealed.
  void* data() const;
  /// What the loan is called, for who helps with Array::Give.
  chi::u64 id() const;
  /// Makes them, or what was given, the array, at once, and ends the loan.
  /// After an error it is still lent, and may be sealed again; errors as of
  /// Array::Write, and kBadRequest: chunks have not been given.
  chi::Status Seal(chi::u64 timeout_ns = chi::kDefaultTimeoutNs);

 private:
  friend class Array;
  struct State;
  explicit ArrayLoan(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// For clients. Copies are handles of the same array; each is used by one
/// caller at a time. Who has it open, in whatever process, sees what others
/// write as soon as their Write has returned, and all of a Write or nothing. On
/// a file, what was written survives a power cut.
///
/// `timeout_ns` is for the whole call, which may take some seconds more to give
/// back what it had. Errors of all calls name the array:
///   kNotFound          it is gone
///   kBadRequest        the object is no array, or the box leaves it
///   kVersionMismatch   another version wrote it
///   kStale             it was deleted and made anew, with another layout
///   kDeadlineExceeded
class Array {
 public:
  /// Makes an array of zeros, or opens the one of this name. `dtype` is
  /// NumPy's: see ElementType, and DtypeOf<double>(). No `chunks`: about 4 MiB.
  /// kAlreadyExists: it is there, but not so.
  static chi::Result<Array> Create(
      const Client& device, const std::string& name,
      const std::vector<chi::u64>& shape, const std::string& dtype,
      const std::vector<chi::u64>& chunks = {},
      chi::u64 timeout_ns = chi::kDefaultTimeoutNs);
  static chi::Result<Array> Open(const Client& device, const std::string& name,
                                 chi::u64 timeout_ns = chi::kDefaultTimeoutNs);

  const std::string& name() const { return name_; }
  const ArrayLayout& layout() const;
  const std::vector<chi::u64>& shape() const { return layout().shape; }
  const std::string& dtype() const { return layout().type.text; }
  const std::vector<chi::u64>& chunks() const { return layout().chunks; }
  chi::u64 size_bytes() const { return layout().size_bytes(); }
  Box whole() const { return layout().whole(); }

  /// Reads the elements of a box into `size` bytes at `out`: dense and in C
  /// order, or `strides` bytes apart along each axis. Only chunks that have
  /// something of it are read; those that nobody has written are zeros. After
  /// an error any part of it may be there. kBadRequest: it is not so many
  /// bytes; kChecksum: the file has other bytes than were written.
  chi::Status Read(const Box& box, void* out, chi::u64 size,
                   chi::u64 timeout_ns = chi::kDefaultTimeoutNs,
                   const std::vector<chi::u64>& strides = {});
  /// The elements of a box as what they are: kBadRequest for another T.
  template <class T>
  chi::Result<std::vector<T>> Read(
      const Box& box, chi::u64 timeout_ns = chi::kDefaultTimeoutNs) {
    CHI_RETURN_IF_ERROR(CheckType(DtypeOf<T>()));
    CHI_RETURN_IF_ERROR(layout().Check(box));
    std::vector<T> elements(CountOf(box));
    CHI_RETURN_IF_ERROR(
        Read(box, elements.data(), elements.size() * sizeof(T), timeout_ns));
    return elements;
  }

  /// The other way round: the chunks that have something of the box are made
  /// anew, and replaced together. Writers come one after another. kNoSpace: for
  /// the new chunks; the old ones stay, as after all errors but kIo, and
  /// kDeadlineExceeded, which does not know.
  chi::Status Write(const Box& box, const void* data, chi::u64 size,
                    chi::u64 timeout_ns = chi::kDefaultTimeoutNs,
                    const std::vector<chi::u64>& strides = {});
  template <class T>
  chi::Status Write(const Box& box, const std::vector<T>& elements,
                    chi::u64 timeout_ns = chi::kDefaultTimeoutNs) {
    CHI_RETURN_IF_ERROR(CheckType(DtypeOf<T>()));
    return Write(box, elements.data(), elements.size() * sizeof(T), timeout_ns);
  }

  /// Elements of one chunk where they lie, in constant time. kUnimplemented: on
  /// a device that is not in memory; kBadRequest: they lie in several chunks,
  /// or nowhere, since nobody has written them.
  chi::Result<ArrayView> View(const Box& box,
                              chi::u64 timeout_ns = chi::kDefaultTimeoutNs);

  /// Borrows the whole array to make it anew, in memory that the runtime writes
  /// from. Waits for who has it on loan, or writes it: kDeadlineExceeded.
  /// kNoMemory: not so much is shared.
  chi::Result<ArrayLoan> Loan(chi::u64 timeout_ns = chi::kDefaultTimeoutNs);
  /// The same without memory: it is made of what is given to the loan, by any
  /// clients of the device.
  chi::Result<ArrayLoan> LoanInParts(
      chi::u64 timeout_ns = chi::kDefaultTimeoutNs);
  /// Makes new chunks of a box, and gives them to a loan in parts of this
  /// array. Before it is sealed nobody sees them; who gives may be gone by
  /// then.
  ///   kBadRequest     also: a part of a chunk, which ends where the box does
  ///   not kAlreadyExists  the chunk was given kStale          the loan is over
  chi::Status Give(chi::u64 loan, const Box& box, const void* data,
                   chi::u64 size, chi::u64 timeout_ns = chi::kDefaultTimeoutNs,
                   const std::vector<chi::u64>& strides = {});

  /// Takes it off the device; views of it stay valid.
  chi::Status Delete(chi::u64 timeout_ns = chi::kDefaultTimeoutNs);

 private:
  friend class ArrayLoan;
  Array(const Client& device, const std::string& name);

  chi::u64 CountOf(const Box& box) const;
  chi::Status CheckType(const std::string& dtype) const;
  // Looks the object up.
  chi::Status Refresh(chi::u64 timeout_ns);
  // Calls what fails with kStale until it sees one version of the array.
  chi::Status Attempt(
      const Deadline& deadline,
      const std::function<chi::Status(const StoredArray&)>& attempt);
  // Replaces the array, of which `made` are new.
  chi::Status Put(std::shared_ptr<const StoredArray> stored, NewChunks* made,
                  const Deadline& deadline);
  // What an error is told with.
  chi::Status Named(const chi::Status& status) const;

  Client device_;
  std::string name_;
  std::shared_ptr<const StoredArray> stored_;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_ARRAY_H_
