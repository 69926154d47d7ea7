// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Tables that are sorted by a click on a column's title, and bounded.

import { element, Rows, setAttribute, setText } from "./dom.js";

const ROWS_MAX = 100;

/**
 * `columns`: {id, title, name, value, text, make, fill}. `name` columns hold text and
 * sort upward; `value(item)` is sorted by, `text(item)` shown. A column with `make()`
 * and `fill(part, item)` shows a node of its own.
 */
export class Table {
  constructor(parent, label, columns, sorted) {
    this.columns = columns;
    this.sorted = columns.find((column) => column.id === sorted);
    this.down = !this.sorted.name;
    this.items = [];
    this.wanted = "";
    const titles = element("tr", {}, ...columns.map((column) => this.title(column)));
    const body = element("tbody");
    const table = element("table", { "aria-label": label },
      element("thead", {}, titles), body);
    this.more = element("p", { class: "muted", hidden: "" });
    parent.append(element("div", { class: "scroll", tabindex: "0", role: "region",
      "aria-label": label }, table), this.more);
    this.rows = new Rows(body, () => this.row(), (row, item) => this.fill(row, item));
    this.mark();
  }

  title(column) {
    column.head = element("th", { scope: "col" });
    if (column.name) column.head.className = "name";
    if (column.value === undefined) {
      column.head.textContent = column.title;
      return column.head;
    }
    const button = element("button", { type: "button" }, column.title);
    if (column.hint) button.title = column.hint;
    button.addEventListener("click", () => {
      this.down = this.sorted === column ? !this.down : !column.name;
      this.sorted = column;
      this.mark();
      this.show();
    });
    column.head.append(button);
    return column.head;
  }

  mark() {
    for (const column of this.columns) {
      if (column === this.sorted) {
        column.head.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      } else {
        column.head.removeAttribute("aria-sort");
      }
    }
  }

  row() {
    const node = element("tr");
    const cells = this.columns.map((column) => {
      const cell = element(column.name ? "th" : "td", { "data-column": column.id });
      if (column.name) {
        cell.scope = "row";
        cell.className = "name";
      }
      const part = column.make?.();
      if (part) cell.append(...[part.node ?? part].flat());
      node.append(cell);
      return { cell, part };
    });
    return { node, cells };
  }

  fill(row, item) {
    setAttribute(row.node, "data-key", item.key);
    this.columns.forEach((column, index) => {
      const { cell, part } = row.cells[index];
      if (part) {
        column.fill(part, item);
      } else {
        setText(cell, column.text(item));
      }
    });
  }

  /** Show only items whose `search` has this text in it. */
  filter(text) {
    this.wanted = text.trim().toLowerCase();
    this.show();
  }

  /** Show these items; each has a `key`. */
  update(items) {
    this.items = items;
    this.show();
  }

  show() {
    const { value } = this.sorted;
    const sign = this.down ? -1 : 1;
    const found = this.wanted === "" ? [...this.items]
      : this.items.filter((item) => item.search.toLowerCase().includes(this.wanted));
    found.sort((one, other) => sign * compare(value(one), value(other)) ||
      compare(one.key, other.key));
    this.rows.update(found.slice(0, ROWS_MAX), (item) => item.key);
    const left = found.length - ROWS_MAX;
    this.more.hidden = left <= 0;
    if (left > 0) setText(this.more, `and ${left} more`);
  }
}

function compare(one, other) {
  if (one === null || other === null) return (one !== null) - (other !== null);
  return one < other ? -1 : one > other ? 1 : 0;
}
