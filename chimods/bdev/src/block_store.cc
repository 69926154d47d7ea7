// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Several ranges one after the other, for stores that gain nothing by more.

#include "block_store.h"

namespace chimaera::bdev {

PiecesOutcome BlockStore::ReadPieces(const std::vector<Piece>& pieces) {
  for (const Piece& piece : pieces) {
    const chi::Status status = Read(piece.offset, piece.data, piece.length);
    if (!status.ok()) return {status, piece.offset};
  }
  return {};
}

PiecesOutcome BlockStore::WritePieces(const std::vector<Piece>& pieces) {
  for (const Piece& piece : pieces) {
    const chi::Status status = Write(piece.offset, piece.data, piece.length);
    if (!status.ok()) return {status, piece.offset};
  }
  return {};
}

}  // namespace chimaera::bdev
