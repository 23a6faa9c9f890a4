// The matrix: a table of which only what can be seen, and a little more, is in the page. That keeps
// fleets of any size smooth; assistive technology is told the true numbers of rows and columns.

const ROW = 36; // pixels, as in page.css
const NARROW = 36;
const WIDE = 120;
const WIDEST = 200;
const SPARE = 8; // rows and columns that are drawn beyond what can be seen

class Matrix {
  constructor(box, fleet, choose) {
    this.box = box;
    this.sizer = box.querySelector(".sizer");
    this.table = box.querySelector("table");
    this.fleet = fleet;
    this.choose = choose;
    this.rows = [];
    this.columns = [];
    this.active = { node: 0, secret: 0 };
    this.chosen = null;
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    box.addEventListener("click", (event) => this.clicked(event));
    box.addEventListener("keydown", (event) => this.pressed(event));
    box.addEventListener("pointerover", (event) => this.light(event.target));
    box.addEventListener("focusin", (event) => this.light(event.target));
    new ResizeObserver(() => this.lay()).observe(box);
  }

  // Show some nodes and secrets, by their numbers.
  show(rows, columns) {
    this.rows = rows;
    this.columns = columns;
    if (!rows.includes(this.active.node)) this.active.node = rows[0] ?? 0;
    if (!columns.includes(this.active.secret)) this.active.secret = columns[0] ?? 0;
    this.lay();
  }

  // Work out sizes: words in the cells where there is room for them, marks alone where not.
  lay() {
    const room = this.box.clientWidth;
    const longest = (texts) => texts.reduce((most, text) => Math.max(most, text.length), 0);
    const names = longest(this.rows.map((node) => this.fleet.nodes[node].short));
    const heads = longest(this.columns.map((secret) => this.fleet.secrets[secret]));
    this.head = Math.max(88, Math.min(names * 8.4 + 28, room < 600 ? 128 : 280));
    this.words = this.columns.length > 0 && this.head + this.columns.length * WIDE <= room;
    this.width = NARROW;
    if (this.words) {
      this.width = Math.min(Math.floor((room - this.head) / this.columns.length), WIDEST);
      this.head = Math.max(this.head, Math.min(room - this.columns.length * this.width, 280));
    }
    this.height = this.words ? 44 : Math.max(56, Math.min(heads * 8 + 24, 190));
    this.box.classList.toggle("words", this.words);
    const size = (name, value) => this.box.style.setProperty(name, `${value}px`);
    size("--head", this.head);
    size("--cell", this.width);
    size("--top", this.height);
    this.sizer.style.width = `${this.head + this.columns.length * this.width}px`;
    this.sizer.style.height = `${this.height + this.rows.length * ROW}px`;
    this.table.setAttribute("aria-rowcount", this.rows.length + 1);
    this.table.setAttribute("aria-colcount", this.columns.length + 1);
    this.drawn = null;
    this.draw();
  }

  // What can be seen: the first and the last row and column.
  seen() {
    const { scrollTop, scrollLeft, clientHeight, clientWidth } = this.box;
    const last = (from, size, number) => Math.min(number, Math.ceil(from / size));
    return {
      top: Math.floor(scrollTop / ROW),
      bottom: last(scrollTop + clientHeight - this.height, ROW, this.rows.length),
      left: Math.floor(scrollLeft / this.width),
      right: last(scrollLeft + clientWidth - this.head, this.width, this.columns.length),
    };
  }

  draw() {
    const seen = this.seen();
    const drawn = this.drawn;
    if (drawn && drawn.top <= seen.top && drawn.bottom >= seen.bottom && drawn.left <= seen.left
      && drawn.right >= seen.right) return;
    const focused = this.box.contains(document.activeElement);
    this.drawn = {
      top: Math.max(0, seen.top - SPARE),
      bottom: Math.min(this.rows.length, seen.bottom + SPARE),
      left: Math.max(0, seen.left - SPARE),
      right: Math.min(this.columns.length, seen.right + SPARE),
    };
    const { top, bottom, left, right } = this.drawn;
    const columns = this.columns.slice(left, right);
    this.table.style.top = `${top * ROW}px`;
    this.table.style.left = `${left * this.width}px`;
    this.table.style.width = `${this.head + columns.length * this.width}px`;
    this.table.tHead.replaceChildren(this.heads(columns, left));
    const rows = this.rows.slice(top, bottom).map((node, at) => this.row(node, top + at, columns));
    this.table.tBodies[0].replaceChildren(...rows);
    this.rove();
    if (focused) this.focus();
  }

  heads(columns, left) {
    const corner = element("th", { scope: "col", class: "corner", "aria-colindex": 1 }, "node");
    const cells = columns.map((secret, at) => {
      const name = this.fleet.secrets[secret];
      const attributes = { scope: "col", "aria-colindex": left + at + 2, "data-secret": secret };
      return element("th", { ...attributes, title: name }, element("span", {}, name));
    });
    return element("tr", { "aria-rowindex": 1 }, corner, ...cells);
  }

  row(node, at, columns) {
    const { name, short } = this.fleet.nodes[node];
    const head = element("th", { scope: "row", "aria-colindex": 1, title: name },
      element("span", {}, short));
    const cells = columns.map((secret, place) => this.cell(node, secret, this.drawn.left + place));
    return element("tr", { "aria-rowindex": at + 2 }, head, ...cells);
  }

  cell(node, secret, at) {
    const all = this.fleet.cell(node, secret);
    const outputs = all.filter((output) => output.shown);
    const verdict = worst(outputs);
    const hidden = all.length > 0 && outputs.length === 0;
    const more = outputs.length > 1 ? ` (${outputs.length} outputs)` : "";
    const word = hidden ? "filtered out" : `${verdict}${more}`;
    const cell = element("td", {
      class: hidden ? "hidden" : verdict, tabindex: "-1", "aria-colindex": at + 2,
      "data-node": node, "data-secret": secret, title: word,
    }, hidden ? "" : mark(verdict), element("span", { class: "word" }, word));
    if (this.chosen && this.chosen.node === node && this.chosen.secret === secret) {
      cell.setAttribute("aria-selected", "true");
    }
    return cell;
  }

  find({ node, secret }) {
    return this.table.querySelector(`td[data-node="${node}"][data-secret="${secret}"]`);
  }

  // One cell alone is reached with the tabulator, the others with arrows.
  rove() {
    this.table.querySelector('td[tabindex="0"]')?.setAttribute("tabindex", "-1");
    const cell = this.find(this.active) ?? this.table.querySelector("td");
    cell?.setAttribute("tabindex", "0");
  }

  focus() {
    (this.find(this.active) ?? this.box).focus({ preventScroll: true });
  }

  // Move to a cell, by its numbers, and bring it into sight.
  go(node, secret) {
    this.active = { node, secret };
    const bring = (at, size, from, room) => {
      if (at * size < from) return at * size;
      return Math.max(from, (at + 1) * size - room);
    };
    const { box } = this;
    box.scrollTop = bring(
      this.rows.indexOf(node), ROW, box.scrollTop, box.clientHeight - this.height);
    box.scrollLeft = bring(
      this.columns.indexOf(secret), this.width, box.scrollLeft, box.clientWidth - this.head);
    this.draw();
    this.rove();
    this.focus();
  }

  select(node, secret) {
    this.chosen = { node, secret };
    this.table.querySelector("[aria-selected]")?.removeAttribute("aria-selected");
    this.find(this.chosen)?.setAttribute("aria-selected", "true");
  }

  unselect() {
    this.chosen = null;
    this.table.querySelector("[aria-selected]")?.removeAttribute("aria-selected");
  }

  clicked(event) {
    const cell = event.target.closest("td");
    if (!cell) return;
    this.go(Number(cell.dataset.node), Number(cell.dataset.secret));
    this.choose(this.active, "pointer");
  }

  pressed(event) {
    if (event.altKey || event.metaKey) return;
    const { node, secret } = this.active;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(this.active, "key");
      return;
    }
    const place = this.moved(event, this.rows.indexOf(node), this.columns.indexOf(secret));
    if (place === null) return;
    event.preventDefault();
    const within = (at, list) => list[Math.min(Math.max(at, 0), list.length - 1)];
    this.go(within(place[0], this.rows), within(place[1], this.columns));
  }

  // Where a key leads from a row and a column; null for one that leads nowhere.
  moved({ key, ctrlKey }, row, column) {
    const page = Math.max(1, Math.floor((this.box.clientHeight - this.height) / ROW) - 1);
    switch (key) {
      case "ArrowUp": return [row - 1, column];
      case "ArrowDown": return [row + 1, column];
      case "ArrowLeft": return [row, column - 1];
      case "ArrowRight": return [row, column + 1];
      case "PageUp": return [row - page, column];
      case "PageDown": return [row + page, column];
      case "Home": return [ctrlKey ? 0 : row, 0];
      case "End": return [ctrlKey ? Infinity : row, Infinity];
      default: return null;
    }
  }

  // Light the head of the column that is pointed at; that of the row is lit by the style.
  light(target) {
    const secret = target.closest?.("td")?.dataset.secret;
    this.table.querySelector("th.lit")?.classList.remove("lit");
    if (secret !== undefined) {
      this.table.querySelector(`th[data-secret="${secret}"]`)?.classList.add("lit");
    }
  }
}
