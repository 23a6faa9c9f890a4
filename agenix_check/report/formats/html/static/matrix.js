// The matrix: a table of which only what can be seen, and a little more, is in the page. That keeps
// fleets of any size smooth; assistive technology is told the true numbers of rows and columns.

const LETTER = 8.4; // pixels; a wide font's: a name has to be longer than that to lose letters
const ROW = 36;
const LOW_ROW = 26; // where there are many of them
const MANY = 20;
const NARROWEST = 24; // what a finger still finds
const NARROW = 36;
const BROAD = 64; // without words
const WIDE = 128;
const WIDEST = 200;
const FRAME = 860; // what the page's usual width leaves for the matrix
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
    this.active = { node: -1, secret: -1 }; // null stands for the heads
    this.chosen = null;
    this.cells = new Cells(fleet);
    this.map = new FleetMap(box.previousElementSibling, fleet, (row, column) => {
      box.scrollTop = (row + 0.5) * this.row - (box.clientHeight - this.height) / 2;
      box.scrollLeft = (column + 0.5) * this.width - (box.clientWidth - this.head) / 2;
    });
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    box.addEventListener("click", (event) => this.clicked(event));
    box.addEventListener("keydown", (event) => this.pressed(event));
    box.addEventListener("pointerover", (event) => this.light(event.target));
    box.addEventListener("focusin", (event) => this.light(event.target));
    new ResizeObserver(() => {
      if (box.clientWidth === this.room) this.draw();
      else this.lay();
    }).observe(box);
  }

  // Show some nodes and secrets, by their numbers, and what each of them has.
  show(rows, columns, tallies) {
    this.rows = rows;
    this.columns = columns;
    this.cells.tallies = tallies;
    const within = (list, at) => (at === null || list.includes(at) ? at : list[0] ?? -1);
    this.active = {
      node: within(rows, this.active.node), secret: within(columns, this.active.secret),
    };
    this.lay();
  }

  // Work out sizes: words in the cells where there is room for them, marks alone where not.
  lay() {
    const room = this.box.clientWidth;
    this.room = room; // what is laid out for it stays until it changes
    const longest = (texts) => texts.reduce((most, text) => Math.max(most, text.length), 0);
    const names = longest(this.rows.map((node) => this.fleet.nodes[node].short));
    const heads = longest(this.columns.map((secret) => this.fleet.secrets[secret]));
    this.head = Math.max(112, Math.min(names * LETTER + 78, room < 600 ? 152 : 300));
    this.words = this.columns.length > 0 && this.head + this.columns.length * WIDE <= room;
    const each = Math.floor((room - this.head) / this.columns.length);
    this.width = Math.min(Math.max(each, NARROWEST), BROAD);
    this.row = this.rows.length > MANY ? LOW_ROW : ROW;
    const natural = this.head + this.columns.length * NARROW;
    this.box.closest("section").classList.toggle("wide", natural > FRAME);
    if (this.words) {
      this.width = Math.min(each, WIDEST);
      this.head = Math.max(this.head, Math.min(room - this.columns.length * this.width, 300));
    }
    this.height = this.words ? 44 : Math.max(72, Math.min(heads * LETTER + 42, 208));
    this.cells.room = {
      row: Math.floor((this.head - 74) / LETTER),
      column: Math.floor((this.words ? this.width - 62 : this.height - 36) / LETTER),
    };
    this.cells.words = this.words;
    this.box.classList.toggle("words", this.words);
    this.box.classList.toggle("tight", this.width < NARROW);
    const size = (name, value) => this.box.style.setProperty(name, `${value}px`);
    size("--head", this.head);
    size("--cell", this.width);
    size("--top", this.height);
    size("--row", this.row);
    const whole = {
      width: this.head + this.columns.length * this.width,
      height: this.height + this.rows.length * this.row,
    };
    this.sizer.style.width = `${whole.width}px`;
    this.sizer.style.height = `${whole.height}px`;
    const { clientWidth, clientHeight } = this.box;
    this.map.show(this.rows, this.columns,
      whole.width * whole.height > 2 * clientWidth * clientHeight);
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
      top: Math.floor(scrollTop / this.row),
      bottom: last(scrollTop + clientHeight - this.height, this.row, this.rows.length),
      left: Math.floor(scrollLeft / this.width),
      right: last(scrollLeft + clientWidth - this.head, this.width, this.columns.length),
    };
  }

  draw() {
    const seen = this.seen();
    const { rows, columns } = this;
    this.map.follow(seen.left / columns.length, seen.top / rows.length,
      (seen.right - seen.left) / columns.length, (seen.bottom - seen.top) / rows.length);
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
    const { top, left, right } = this.drawn;
    const inSight = columns.slice(left, right);
    this.table.style.top = `${top * this.row}px`;
    this.table.style.left = `${left * this.width}px`;
    this.table.style.width = `${this.head + inSight.length * this.width}px`;
    const body = this.table.tBodies[0];
    if (drawn === null || drawn.left !== left || drawn.right !== right) {
      this.table.tHead.replaceChildren(this.cells.heads(inSight, left));
      body.replaceChildren();
    }
    this.fill(body, inSight);
    this.select();
    this.rove();
    if (focused) this.focus();
  }

  // Put the rows into the table that are not in it yet, and take out those that left.
  fill(body, columns) {
    const { top, bottom, left } = this.drawn;
    const nodes = this.rows.slice(top, bottom);
    const wanted = new Set(nodes);
    const kept = new Map();
    for (const row of [...body.rows]) {
      const node = Number(row.cells[0].dataset.node);
      if (wanted.has(node)) kept.set(node, row);
      else row.remove();
    }
    let next = body.rows[0] ?? null;
    nodes.forEach((node, at) => {
      if (kept.has(node)) next = kept.get(node).nextSibling;
      else body.insertBefore(this.cells.row(node, top + at, columns, left), next);
    });
  }

  // A cell, or a head, if it is in the table.
  find({ node, secret }) {
    const kind = node === null || secret === null ? "th" : "td";
    const said = (name, at) => (at === null ? "" : `[data-${name}="${at}"]`);
    return this.table.querySelector(`${kind}${said("node", node)}${said("secret", secret)}`);
  }

  // One cell alone is reached with the tabulator, the others with arrows.
  rove() {
    this.table.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    const cell = this.find(this.active) ?? this.table.querySelector("td");
    cell?.setAttribute("tabindex", "0");
  }

  focus() {
    (this.find(this.active) ?? this.box).focus({ preventScroll: true });
  }

  // Make a cell or a head the active one, by its numbers, and bring it into sight.
  bring(node, secret) {
    this.active = { node, secret };
    const bring = (at, size, from, room) => {
      if (at < 0) return from;
      if (at * size < from) return at * size;
      return Math.max(from, (at + 1) * size - room);
    };
    const { box } = this;
    box.scrollTop = bring(
      this.rows.indexOf(node), this.row, box.scrollTop, box.clientHeight - this.height);
    box.scrollLeft = bring(
      this.columns.indexOf(secret), this.width, box.scrollLeft, box.clientWidth - this.head);
    this.draw();
    this.rove();
  }

  go(node, secret) {
    this.bring(node, secret);
    this.focus();
  }

  // Mark what was chosen: a cell, a head, or null for nothing.
  select(chosen = this.chosen) {
    this.chosen = chosen;
    this.table.querySelector("[aria-selected]")?.removeAttribute("aria-selected");
    if (chosen) this.find(chosen)?.setAttribute("aria-selected", "true");
  }

  clicked(event) {
    const cell = event.target.closest("td, th:not(.corner)");
    if (!cell) return;
    const number = (text) => (text === undefined ? null : Number(text));
    this.go(number(cell.dataset.node), number(cell.dataset.secret));
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
    const page = Math.max(1, Math.floor((this.box.clientHeight - this.height) / this.row) - 1);
    const place = leadTo(event, this.rows.indexOf(node), this.columns.indexOf(secret), page);
    if (place === null) return;
    event.preventDefault();
    const within = (at, list) => Math.min(Math.max(at, -1), list.length - 1);
    const row = within(place[0], this.rows);
    const column = within(place[1], this.columns);
    if (row >= 0 || column >= 0) this.go(this.rows[row] ?? null, this.columns[column] ?? null);
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
