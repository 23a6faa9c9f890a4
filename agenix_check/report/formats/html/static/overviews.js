// What is known of a whole node, or of a secret on all nodes: in the panel, for the heads.

// All outputs of a node, or of a secret (the other is null), the worst first, and who reads them;
// `findings` are those about all of it.
function overview(fleet, node, secret, choose, findings) {
  const outputs = fleet.outputs.filter((output) =>
    (node === null || output.node === node) && (secret === null || output.secret === secret));
  const tally = newTally();
  for (const output of outputs) addTo(tally, output);
  const sources = new Set(outputs.map(({ about }) => fleet.about[about].source));
  const other = node === null ? "nodes" : "secrets";
  return element("div", {},
    element("p", { class: "pills" }, ...WORST.filter((verdict) => tally[verdict] > 0)
      .map((verdict) => pill(verdict, `${tally[verdict]} ${verdict}`))),
    ...findings,
    node === null ? listed("Source", [...sources].filter(Boolean).map(asPath)) : null,
    listed(node === null ? "Who has it" : "What it has",
      places(fleet, outputs, other).map((place) => leading(fleet, place, other, choose))),
    listed("Addressed to", readers(fleet, outputs)));
}

// The cells of some outputs, each with its worst verdict, the worst first.
function places(fleet, outputs, other) {
  const cells = new Map(outputs.map((output) => [output.node * fleet.secrets.length
    + output.secret, output]));
  const found = [...cells.values()].map(({ node, secret }) =>
    ({ node, secret, verdict: worst(fleet.cell(node, secret)) }));
  const name = ({ node, secret }) => (other === "nodes" ? node : secret);
  return found.sort((one, two) => WORST.indexOf(one.verdict) - WORST.indexOf(two.verdict)
    || name(one) - name(two));
}

function leading(fleet, { node, secret, verdict }, other, choose) {
  const name = other === "nodes" ? fleet.nodes[node].short : fleet.secrets[secret];
  const button = element("button", { type: "button", class: "place" }, pill(verdict), ` ${name}`);
  button.addEventListener("click", () => choose(node, secret));
  return button;
}

// Whom the files say they are for, and how many of them.
function readers(fleet, outputs) {
  const numbers = new Map();
  for (const { addressees } of outputs) {
    for (const name of new Set(fleet.addressees[addressees].names)) {
      numbers.set(name, (numbers.get(name) ?? 0) + 1);
    }
  }
  const most = [...numbers].sort(([, one], [, other]) => other - one);
  return most.map(([name, number]) => `${name}: ${count(number, "output")}`);
}

function asPath(path) {
  return element("code", { class: "path" }, path);
}

function listed(title, items) {
  if (items.length === 0) return null;
  return element("div", {}, element("h4", {}, title),
    element("ul", { class: "listed" }, ...items.map((item) => element("li", {}, item))));
}
