// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A hash map with a fixed number of buckets, each a list. Nothing ever moves:
// a pointer to a value stays good until that value is erased.
//
// Thread safety: none; the owner locks, typically with a CoMutex or CoRwLock.
// Lives in private memory: never put one into a task.

#ifndef CHIMAERA_BASE_UNORDERED_MAP_LL_H_
#define CHIMAERA_BASE_UNORDERED_MAP_LL_H_

#include <cstddef>
#include <functional>
#include <list>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

namespace chi {

/// `Hash` and `Equal` are those of std::unordered_map.
template <typename Key, typename T, typename Hash = std::hash<Key>,
          typename Equal = std::equal_to<Key>>
class unordered_map_ll {
 public:
  using key_type = Key;
  using mapped_type = T;
  using size_type = std::size_t;

  /// `max_concurrency` is the number of buckets, which never changes; 0 counts
  /// as 1. More buckets make lists shorter.
  explicit unordered_map_ll(size_type max_concurrency = 16)
      : buckets_(max_concurrency == 0 ? 1 : max_concurrency) {}

  unordered_map_ll(const unordered_map_ll&) = default;
  unordered_map_ll& operator=(const unordered_map_ll&) = default;
  /// Values keep their addresses; `other` is empty afterwards, with as many
  /// buckets.
  unordered_map_ll(unordered_map_ll&& other)
      : unordered_map_ll(other.bucket_count()) {
    swap(other);
  }
  unordered_map_ll& operator=(unordered_map_ll&& other) {
    unordered_map_ll moved(std::move(other));
    swap(moved);
    return *this;
  }
  void swap(unordered_map_ll& other) noexcept {
    buckets_.swap(other.buckets_);
    std::swap(size_, other.size_);
  }

  /// Adds `value` under `key` unless there is one already. Returns whether it
  /// was added, and the value that stands there now.
  template <typename U = T>
  std::pair<bool, T*> insert(const Key& key, U&& value) {
    if (T* existing = find(key)) {
      return {false, existing};
    }
    return {true, Append(key, std::forward<U>(value))};
  }

  /// Adds `value` under `key` or replaces the one there. Returns whether it was
  /// added, and where it stands; a replaced value keeps its address.
  template <typename U = T>
  std::pair<bool, T*> insert_or_assign(const Key& key, U&& value) {
    if (T* existing = find(key)) {
      *existing = std::forward<U>(value);
      return {false, existing};
    }
    return {true, Append(key, std::forward<U>(value))};
  }

  /// The value under `key`, made by T() if there was none.
  T& operator[](const Key& key) {
    T* existing = find(key);
    return existing != nullptr ? *existing : *Append(key);
  }

  /// The value under `key`, or null.
  [[nodiscard]] T* find(const Key& key) { return Find(*this, key); }
  [[nodiscard]] const T* find(const Key& key) const { return Find(*this, key); }

  /// Like find, but throws std::out_of_range if there is none.
  T& at(const Key& key) { return At(*this, key); }
  const T& at(const Key& key) const { return At(*this, key); }

  [[nodiscard]] bool contains(const Key& key) const {
    return find(key) != nullptr;
  }
  /// 0 or 1.
  [[nodiscard]] size_type count(const Key& key) const {
    return contains(key) ? 1 : 0;
  }

  /// Removes the value under `key`. Returns how many there were, 0 or 1.
  size_type erase(const Key& key) {
    Bucket& bucket = buckets_[BucketOf(key)];
    for (auto it = bucket.begin(); it != bucket.end(); ++it) {
      if (Equal()(it->first, key)) {
        bucket.erase(it);
        --size_;
        return 1;
      }
    }
    return 0;
  }

  void clear() {
    for (Bucket& bucket : buckets_) {
      bucket.clear();
    }
    size_ = 0;
  }

  [[nodiscard]] size_type size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_type bucket_count() const { return buckets_.size(); }

  /// Calls `visit(key, value)` for every element, in no particular order.
  /// `visit` may change the value; it must not insert or erase.
  template <typename Visitor>
  void for_each(Visitor&& visit) {
    for (Bucket& bucket : buckets_) {
      for (auto& [key, value] : bucket) {
        visit(key, value);
      }
    }
  }
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    for (const Bucket& bucket : buckets_) {
      for (const auto& [key, value] : bucket) {
        visit(key, value);
      }
    }
  }

 private:
  using Bucket = std::list<std::pair<const Key, T>>;

  [[nodiscard]] size_type BucketOf(const Key& key) const {
    return Hash()(key) % buckets_.size();
  }

  template <typename... Args>
  T* Append(const Key& key, Args&&... args) {
    Bucket& bucket = buckets_[BucketOf(key)];
    bucket.emplace_back(std::piecewise_construct, std::forward_as_tuple(key),
                        std::forward_as_tuple(std::forward<Args>(args)...));
    ++size_;
    return &bucket.back().second;
  }

  // Once for const and non-const maps.
  template <typename Map>
  static auto Find(Map& map, const Key& key)
      -> decltype(&map.buckets_[0].front().second) {
    for (auto& [candidate, value] : map.buckets_[map.BucketOf(key)]) {
      if (Equal()(candidate, key)) {
        return &value;
      }
    }
    return nullptr;
  }

  template <typename Map>
  static auto& At(Map& map, const Key& key) {
    auto* value = Find(map, key);
    if (value == nullptr) {
      throw std::out_of_range("unordered_map_ll::at: no such key");
    }
    return *value;
  }

  std::vector<Bucket> buckets_;
  size_type size_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_BASE_UNORDERED_MAP_LL_H_
