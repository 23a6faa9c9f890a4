// The cells of the matrix, and where keys lead among them.

class Cells {
  constructor(fleet) {
    this.fleet = fleet;
    this.samples = new Map();
    this.room = { row: Infinity, column: Infinity }; // for the characters of a name
    this.words = true; // and not marks alone
    this.tallies = null; // of what the filters let through
  }

  heads(columns, left) {
    const corner = element("th", { scope: "col", class: "corner", "aria-colindex": 1 }, "node");
    const cells = columns.map((secret, at) => {
      const name = this.fleet.secrets[secret];
      const attributes = { scope: "col", "aria-colindex": left + at + 2, "data-secret": secret };
      return this.head(attributes, name, name, this.room.column, this.tallies.secrets[secret]);
    });
    return element("tr", { "aria-rowindex": 1 }, corner, ...cells);
  }

  row(node, at, columns, left) {
    const { name, short } = this.fleet.nodes[node];
    const attributes = { scope: "row", "aria-colindex": 1, "data-node": node };
    const head = this.head(attributes, name, short, this.room.row, this.tallies.nodes[node]);
    const cells = columns.map((secret, place) => this.cell(node, secret, left + place));
    return element("tr", { "aria-rowindex": at + 2 }, head, ...cells);
  }

  // A head, with how many outputs are wrong, of how many.
  head(attributes, name, short, room, tally) {
    const said = { "aria-label": short, title: `${short}: ${inWords(tally)}`, "data-name": name };
    const wrong = tally.wrong > 0;
    const numbers = element("span", { class: "number" },
      wrong ? element("span", { class: "wrong" }, `${tally.wrong}`) : null,
      element("span", { class: wrong ? "of" : "all" }, wrong ? `/${tally.all}` : `${tally.all}`));
    return element("th", { ...attributes, ...said, tabindex: "-1" },
      element("div", { class: "head" },
        element("span", { class: "name" }, shortened(short, room)), numbers));
  }

  cell(node, secret, at) {
    const all = this.fleet.cell(node, secret);
    const outputs = all.filter((output) => output.shown);
    const verdict = worst(outputs);
    const kind = all.length > 0 && outputs.length === 0 ? "hidden" : verdict;
    const more = outputs.length > 1 ? ` (${outputs.length} outputs)` : "";
    const cell = this.sample(kind, kind === "hidden" ? "filtered out" : `${verdict}${more}`);
    cell.setAttribute("aria-colindex", at + 2);
    cell.dataset.node = node;
    cell.dataset.secret = secret;
    return cell;
  }

  // A copy of a cell that says a word: that is faster than to make each anew.
  sample(kind, word) {
    const key = `${word} ${this.words}`;
    let sample = this.samples.get(key);
    if (!sample) {
      sample = element("td", { class: kind, tabindex: "-1", title: word, "aria-label": word },
        kind === "hidden" ? null : mark(kind),
        this.words ? element("span", { class: "word" }, word) : null);
      this.samples.set(key, sample);
    }
    return sample.cloneNode(true);
  }
}

// A name that is too long for its room loses its middle, as names differ at their ends.
function shortened(name, room) {
  const letters = [...name];
  if (letters.length <= room) return name;
  const first = Math.floor(room / 3);
  return [...letters.slice(0, first), "\u2026", ...letters.slice(first + 1 - room)].join("");
}

// Where a key leads from a row and a column, of which -1 is the head; null for one that leads
// nowhere.
function leadTo({ key, ctrlKey }, row, column, page) {
  switch (key) {
    case "ArrowUp": return [row - 1, column];
    case "ArrowDown": return [row + 1, column];
    case "ArrowLeft": return [row, column - 1];
    case "ArrowRight": return [row, column + 1];
    case "PageUp": return [Math.max(row - page, Math.min(row, 0)), column];
    case "PageDown": return [row + page, column];
    case "Home": return [ctrlKey ? 0 : row, 0];
    case "End": return [ctrlKey ? Infinity : row, Infinity];
    default: return null;
  }
}
