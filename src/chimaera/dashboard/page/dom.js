// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Nodes. Whatever comes from the runtime, names above all, goes through `textContent`
// or an attribute that holds text: nothing here or elsewhere makes HTML of it.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: element("p", {class: "muted"}, "text", child). */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Set a text if it differs: what stays is not laid out again, nor read out. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Set how full a bar is, 0 to 1. */
export function setPart(bar, part) {
  const width = `${(Math.min(1, Math.max(0, part)) * 100).toFixed(1)}%`;
  if (bar.style.width !== width) bar.style.width = width;
}

/**
 * Children of one node, one for each item, kept as long as their items are there.
 * `make()` returns {node, ...parts}; `fill(parts, item)` writes into it.
 */
export class Rows {
  constructor(parent, make, fill) {
    this.parent = parent;
    this.make = make;
    this.fill = fill;
    this.rows = new Map();
  }

  /** Show these items in this order; `key` tells them apart. */
  update(items, key) {
    const kept = new Map();
    let next = this.parent.firstElementChild;
    for (const item of items) {
      const name = key(item);
      const row = this.rows.get(name) ?? this.make(item);
      this.fill(row, item);
      if (row.node === next) {
        next = next.nextElementSibling;
      } else {
        this.parent.insertBefore(row.node, next);
      }
      kept.set(name, row);
    }
    for (const [name, row] of this.rows) {
      if (kept.get(name) !== row) row.node.remove();
    }
    this.rows = kept;
  }
}
