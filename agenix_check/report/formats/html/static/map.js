// The whole matrix in little, above one that is far larger than its box: a point for every cell, and
// a frame around what the box shows. It is for eyes and a pointer alone; the table has it all.

const HIGHEST = 220; // pixels
const LARGEST = 12; // pixels of a point

class FleetMap {
  constructor(place, fleet, bring) {
    this.place = place;
    this.canvas = place.querySelector("canvas");
    this.frame = place.querySelector(".frame");
    this.fleet = fleet;
    this.rows = [];
    this.columns = [];
    place.addEventListener("pointermove", (event) => {
      const { row, column } = this.at(event);
      const { short } = this.fleet.nodes[this.rows[row]];
      place.title = `${this.fleet.secrets[this.columns[column]]} on ${short}`;
      if (event.buttons === 1) bring(row, column);
    });
    place.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      place.setPointerCapture(event.pointerId);
      const { row, column } = this.at(event);
      bring(row, column);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(rows, columns, isNeeded) {
    this.place.hidden = !isNeeded;
    if (!isNeeded) return;
    this.rows = rows;
    this.columns = columns;
    const size = Math.min(this.place.clientWidth / columns.length, LARGEST);
    this.place.style.height = `${Math.min(rows.length * size, HIGHEST)}px`;
    this.draw();
  }

  // A point is a cell, or the worst of the cells that share it.
  draw() {
    if (this.place.hidden) return;
    const width = Math.min(this.columns.length, this.place.clientWidth);
    const height = Math.min(this.rows.length, HIGHEST);
    this.canvas.width = width;
    this.canvas.height = height;
    const points = new Uint8Array(width * height).fill(WORST.length);
    const spread = (list, all, size) => {
      const places = new Int32Array(all.length).fill(-1);
      list.forEach((at, place) => { places[at] = Math.floor((place * size) / list.length); });
      return places;
    };
    const down = spread(this.rows, this.fleet.nodes, height);
    const across = spread(this.columns, this.fleet.secrets, width);
    const ranks = Object.fromEntries(WORST.map((verdict, rank) => [verdict, rank]));
    for (const { node, secret, verdict, shown } of this.fleet.outputs) {
      if (!shown) continue;
      const point = down[node] * width + across[secret];
      points[point] = Math.min(points[point], ranks[verdict]);
    }
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const colours = [...WORST.map(colourOf), [0, 0, 0, 0]];
    points.forEach((rank, point) => image.data.set(colours[rank], 4 * point));
    context.putImageData(image, 0, 0);
  }

  // Put the frame around a part, in shares of the whole.
  follow(left, top, width, height) {
    const share = (name, part) => this.frame.style.setProperty(name, `${100 * part}%`);
    share("left", left);
    share("top", top);
    share("width", Math.min(width, 1 - left));
    share("height", Math.min(height, 1 - top));
  }

  // The row and column that are pointed at.
  at(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const within = (share, list) =>
      Math.min(Math.max(Math.floor(share * list.length), 0), list.length - 1);
    return {
      row: within((event.clientY - top) / height, this.rows),
      column: within((event.clientX - left) / width, this.columns),
    };
  }
}

// A verdict's colour as red, green, blue and opacity; what is in order stays in the background.
function colourOf(verdict) {
  const style = getComputedStyle(document.documentElement).getPropertyValue(`--${verdict}`);
  const [red, green, blue] = style.match(/[0-9a-f]{2}/g).map((part) => parseInt(part, 16));
  return [red, green, blue, verdict === "wrong" ? 255 : 80];
}
