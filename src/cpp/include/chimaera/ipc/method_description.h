// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a module's client library tells about its typed methods, so that callers
// which know none of its types can make, fill and read their tasks: Python
// does.
//
// The library lib<ns>_<module>_client.so exports
//
//   extern "C" const chi::ModuleDescription* chi_describe_<ns>_<module>();
//   extern "C" const chi::ClientStamp chi_client_stamp_<ns>_<module>;
//
// Everything that it leads to is constant and lives as long as the library. The
// stamp is data, and is looked at before the function is called.

#ifndef CHIMAERA_IPC_METHOD_DESCRIPTION_H_
#define CHIMAERA_IPC_METHOD_DESCRIPTION_H_

#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/ipc/abi.h"
#include "chimaera/ipc/array.h"
#include "chimaera/ipc/client_library.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/ipc/packed.h"
#include "chimaera/ipc/pool_query.h"
#include "chimaera/ipc/task.h"
#include "chimaera/shm/hipc.h"

namespace chi {

/// Raised when a struct below changes. A reader refuses any other number.
inline constexpr u32 kDescriptionFormat = 2;

/// Frozen.
enum class TypeKind : u32 {
  kBool = 0,
  kInt = 1,  ///< Of `size` bytes, signed.
  kUInt = 2,
  kFloat = 3,
  kString = 4,   ///< chi::string, text in UTF-8.
  kBytes = 5,    ///< chi::string, any bytes.
  kEnum = 6,     ///< A u32.
  kList = 7,     ///< chi::vector of `element`; or `packed`.
  kStruct = 8,   ///< `size` bytes; or `packed`.
  kArray = 9,    ///< chi::Array of `element` with `ndim` axes.
  kBlocks = 10,  ///< A PoolId (two u32), then rows of `element`.
};

/// Frozen.
enum class Direction : u32 { kIn = 0, kOut = 1, kInOut = 2 };

struct TypeDescription;

struct StructField {
  const char* name;
  const char* doc;
  const char* unit;
  u64 offset;
  const TypeDescription* type;
};

struct EnumValue {
  const char* name;
  u32 value;
};

/// How the variable part of a string, bytes, list or blocks is reached; `value`
/// is the parameter's address. May throw StatusError (no memory).
struct SequenceOps {
  /// Makes room for `count` elements (bytes of a string); returns the first.
  char* (*resize)(void* value, u64 count);
  const char* (*data)(const void* value);  ///< Null if there are none.
  u64 (*size)(const void* value);          ///< In elements.
};

/// The same for arrays.
struct ArrayOps {
  /// `shape` has ndim numbers; `place` is of shared memory.
  void (*set)(void* value, hipc::Pointer place, const u64* shape);
  hipc::Pointer (*place)(const void* value);
  u64 (*shape)(const void* value, u32 axis);
};

struct TypeDescription {
  TypeKind kind;
  u64 size;          ///< Of the value itself in C++, in bytes.
  const char* name;  ///< As in the YAML: "list<float64>", "Summary".
  const TypeDescription* element = nullptr;
  u32 ndim = 0;
  u32 count = 0;  ///< Of `fields` or `values`.
  const StructField* fields = nullptr;
  const EnumValue* values = nullptr;
  const SequenceOps* sequence = nullptr;
  const ArrayOps* array = nullptr;
  /// A list or a struct that holds what has no fixed size: a Packed (packed.h).
  /// What it holds is described by kind, size, element and fields only.
  bool packed = false;
};

struct FieldDescription {
  const char* name;
  const char* doc;   ///< May be empty.
  const char* unit;  ///< May be empty.
  /// As in the YAML; null: the caller has to give a value. Empty if there is
  /// none to give (out).
  const char* default_text;
  Direction direction;
  const TypeDescription* type;
  /// Where the parameter lies in a task of this method.
  void* (*of)(Task& task);
};

struct MethodDescription {
  MethodId id;
  const char* name;  ///< "Reduce"
  const char* doc;
  u32 deadline_ms;  ///< 0: the client's default.
  bool idempotent;
  u32 schema;  ///< See typed_task.h.
  u32 field_count;
  const FieldDescription* fields;
  /// A task with its defaults, and its end. Null: written by hand, of no
  /// description.
  hipc::FullPtr<Task> (*make)(IpcManager& ipc, const PoolId& pool_id,
                              const PoolQuery& pool_query);
  void (*free)(IpcManager& ipc, hipc::FullPtr<Task> task);
};

struct ModuleDescription {
  u32 format;  ///< kDescriptionFormat.
  u32 method_count;
  const char* name_space;
  const char* module;
  const char* version;
  const char* doc;
  u64 schema_hash;  ///< Of all that a client of another build could disagree
                    ///< on.
  const MethodDescription* methods;
  u32 alias_count;
  u32 setting_count;
  /// Old names of methods: name and id.
  const EnumValue* aliases;
  /// Settings of a pool, of which only name, doc, unit, default and type count.
  const FieldDescription* settings;
};

/// The layout of everything that crosses between a client library and who calls
/// it by its description.
[[nodiscard]] constexpr u64 ClientAbiHash() {
  const u64 parts[] = {
      kDescriptionFormat,       sizeof(TypeDescription),
      sizeof(FieldDescription), sizeof(MethodDescription),
      sizeof(StructField),      sizeof(ModuleDescription),
      sizeof(IpcManager),       sizeof(hipc::FullPtr<Task>),
  };
  u64 hash = AbiHash();
  for (const u64 part : parts) hash = internal::MixAbi(hash, part);
  return hash;
}
[[nodiscard]] constexpr ClientStamp MakeClientStamp() {
  ClientStamp stamp;
  stamp.abi_hash = ClientAbiHash();
  return stamp;
}

// ---- what descriptions are made of ----

namespace types {

inline constexpr TypeDescription kBool{TypeKind::kBool, 1, "bool"};
inline constexpr TypeDescription kInt8{TypeKind::kInt, 1, "int8"};
inline constexpr TypeDescription kInt16{TypeKind::kInt, 2, "int16"};
inline constexpr TypeDescription kInt32{TypeKind::kInt, 4, "int32"};
inline constexpr TypeDescription kInt64{TypeKind::kInt, 8, "int64"};
inline constexpr TypeDescription kUInt8{TypeKind::kUInt, 1, "uint8"};
inline constexpr TypeDescription kUInt16{TypeKind::kUInt, 2, "uint16"};
inline constexpr TypeDescription kUInt32{TypeKind::kUInt, 4, "uint32"};
inline constexpr TypeDescription kUInt64{TypeKind::kUInt, 8, "uint64"};
inline constexpr TypeDescription kFloat32{TypeKind::kFloat, 4, "float32"};
inline constexpr TypeDescription kFloat64{TypeKind::kFloat, 8, "float64"};

template <class ListT>
struct ListAccess {
  static ListT& Of(void* value) { return *static_cast<ListT*>(value); }
  static char* Resize(void* value, u64 count) {
    Of(value).resize(count);
    return count == 0 ? nullptr : reinterpret_cast<char*>(Of(value).data());
  }
  static const char* Data(const void* value) {
    return reinterpret_cast<const char*>(
        static_cast<const ListT*>(value)->data());
  }
  static u64 Size(const void* value) {
    return static_cast<const ListT*>(value)->size();
  }
};
template <class ListT>
inline constexpr SequenceOps kListOps{&ListAccess<ListT>::Resize,
                                      &ListAccess<ListT>::Data,
                                      &ListAccess<ListT>::Size};

inline constexpr TypeDescription kString{
    TypeKind::kString, sizeof(string), "string",         &kUInt8, 0, 0,
    nullptr,           nullptr,        &kListOps<string>};
inline constexpr TypeDescription kBytes{
    TypeKind::kBytes, sizeof(string), "bytes",          &kUInt8, 0, 0,
    nullptr,          nullptr,        &kListOps<string>};

template <class T>
constexpr TypeDescription List(const char* name,
                               const TypeDescription* element) {
  using ListT = vector<T>;
  return {TypeKind::kList, sizeof(ListT),   name, element, 0, 0, nullptr,
          nullptr,         &kListOps<ListT>};
}

template <class ArrayT>
inline constexpr ArrayOps kArrayOps{
    [](void* value, hipc::Pointer place, const u64* shape) {
      static_cast<ArrayT*>(value)->SetPlace(place, shape);
    },
    [](const void* value) {
      return static_cast<const ArrayT*>(value)->place();
    },
    [](const void* value, u32 axis) {
      return static_cast<const ArrayT*>(value)->shape(axis);
    }};

template <class ArrayT>
constexpr TypeDescription ArrayOf(const char* name,
                                  const TypeDescription* element) {
  return {TypeKind::kArray,  sizeof(ArrayT), name,
          element,           ArrayT::ndim(), 0,
          nullptr,           nullptr,        nullptr,
          &kArrayOps<ArrayT>};
}

/// BlockListT: a PoolId, then the list `blocks`.
template <class BlockListT>
struct BlocksAccess {
  using List = decltype(BlockListT::blocks);
  static char* Resize(void* value, u64 count) {
    return ListAccess<List>::Resize(&Of(value).blocks, count);
  }
  static const char* Data(const void* value) {
    return ListAccess<List>::Data(&Of(const_cast<void*>(value)).blocks);
  }
  static u64 Size(const void* value) {
    return Of(const_cast<void*>(value)).blocks.size();
  }
  static BlockListT& Of(void* value) {
    return *static_cast<BlockListT*>(value);
  }
};
template <class BlockListT>
inline constexpr SequenceOps kBlocksOps{&BlocksAccess<BlockListT>::Resize,
                                        &BlocksAccess<BlockListT>::Data,
                                        &BlocksAccess<BlockListT>::Size};

template <class T>
struct PackedAccess {
  static string& Of(void* value) {
    return static_cast<Packed<T>*>(value)->bytes();
  }
  static char* Resize(void* value, u64 count) {
    return ListAccess<string>::Resize(&Of(value), count);
  }
  static const char* Data(const void* value) {
    return ListAccess<string>::Data(&Of(const_cast<void*>(value)));
  }
  static u64 Size(const void* value) {
    return Of(const_cast<void*>(value)).size();
  }
};
template <class T>
inline constexpr SequenceOps kPackedOps{
    &PackedAccess<T>::Resize, &PackedAccess<T>::Data, &PackedAccess<T>::Size};

/// std::vector<T>, in a task as Packed.
template <class T>
constexpr TypeDescription PackedList(const char* name,
                                     const TypeDescription* element) {
  using ListT = std::vector<T>;
  return {
      TypeKind::kList, sizeof(Packed<ListT>), name,    element, 0, 0, nullptr,
      nullptr,         &kPackedOps<ListT>,    nullptr, true};
}
/// A struct, in a task as Packed. The offsets of its fields mean nothing.
template <class StructT, u32 kCount>
constexpr TypeDescription PackedStruct(const char* name,
                                       const StructField (&fields)[kCount]) {
  return {TypeKind::kStruct,
          sizeof(Packed<StructT>),
          name,
          nullptr,
          0,
          kCount,
          fields,
          nullptr,
          &kPackedOps<StructT>,
          nullptr,
          true};
}

/// The rows as they are laid out; see chimaera/bdev/block.h.
inline constexpr StructField kBlockFields[] = {
    {"offset", "", "bytes", 0, &kUInt64},
    {"size", "", "bytes", 8, &kUInt64},
    {"block_id", "", "", 16, &kUInt64},
    {"container_id", "", "", 24, &kUInt32},
    {"reserved", "", "", 28, &kUInt32},
};
inline constexpr TypeDescription kBlock{
    TypeKind::kStruct, 32, "Block", nullptr, 0, 5, kBlockFields};

template <class BlockListT>
constexpr TypeDescription Blocks() {
  return {TypeKind::kBlocks,
          sizeof(BlockListT),
          "blocks",
          &kBlock,
          0,
          0,
          nullptr,
          nullptr,
          &kBlocksOps<BlockListT>};
}

template <class EnumT, u32 kCount>
constexpr TypeDescription Enum(const char* name,
                               const EnumValue (&values)[kCount]) {
  static_assert(sizeof(EnumT) == sizeof(u32));
  return {TypeKind::kEnum, sizeof(u32), name,  nullptr, 0,
          kCount,          nullptr,     values};
}

template <class StructT, u32 kCount>
constexpr TypeDescription Struct(const char* name,
                                 const StructField (&fields)[kCount]) {
  return {TypeKind::kStruct, sizeof(StructT), name, nullptr, 0, kCount, fields};
}

}  // namespace types

/// The row of a typed method whose task is TaskT.
template <class TaskT>
constexpr MethodDescription DescribeMethod(MethodId id, const char* name,
                                           const char* doc, u32 deadline_ms,
                                           bool idempotent,
                                           const FieldDescription* fields,
                                           u32 field_count) {
  return {
      id,
      name,
      doc,
      deadline_ms,
      idempotent,
      TaskT::kSchema,
      field_count,
      fields,
      [](IpcManager& ipc, const PoolId& pool_id, const PoolQuery& pool_query) {
        return ipc.NewTask<TaskT>(CreateTaskId(), pool_id, pool_query)
            .template Cast<Task>();
      },
      [](IpcManager& ipc, hipc::FullPtr<Task> task) {
        ipc.DelTask(task.Cast<TaskT>());
      }};
}

/// The row of a method whose task was written by hand.
constexpr MethodDescription NameMethod(MethodId id, const char* name,
                                       const char* doc) {
  return {id, name, doc, 0, false, 0, 0, nullptr, nullptr, nullptr};
}

}  // namespace chi

#endif  // CHIMAERA_IPC_METHOD_DESCRIPTION_H_
