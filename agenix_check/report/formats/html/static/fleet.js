// The outputs as data.py wrote them:
//
//   verdicts    their names, in order
//   secrets     their names
//   nodes       [name, short name, what its paths begin with, outputs]
//   outputs     [secret, verdict, what its path has in between, about, addressees, length]
//   about       [source, its length, version of it, rules, reason, findings]
//   addressees  [whom it is addressed to, version of the key]
//   findings    [rule, severity, message, mend, cause, whether this change brought it]

const WORST = ["wrong", "unverifiable", "skipped", "ok"];

function readFleet(text) {
  const data = JSON.parse(text);
  const outputs = [];
  const cells = new Map();
  const width = data.secrets.length;
  data.nodes.forEach(([, , start, rows], node) => {
    for (const [secret, verdict, middle, about, addressees, length] of rows) {
      const output = {
        node, secret, verdict: data.verdicts[verdict], start, middle, about, addressees, length,
        shown: true,
      };
      outputs.push(output);
      const key = node * width + secret;
      const cell = cells.get(key);
      if (cell) cell.push(output);
      else cells.set(key, [output]);
    }
  });
  return {
    nodes: data.nodes.map(([name, short]) => ({ name, short })),
    secrets: data.secrets,
    outputs,
    about: data.about.map(([source, length, made, rules, reason, findings]) => ({
      source, length, made, rules, reason,
      findings: findings.map(([rule, severity, message, mend, cause, isNew]) => ({
        rule, severity, message, mend, cause, isNew,
      })),
    })),
    addressees: data.addressees.map(([names, key]) => ({ names, key })),
    cell: (node, secret) => cells.get(node * width + secret) ?? [],
  };
}

function pathOf(fleet, output) {
  if (typeof output.middle !== "string") return output.middle[0];
  return `${output.start}${output.middle}-${fleet.secrets[output.secret]}.age`;
}

function rulesOf(about) {
  return new Set([...about.rules, ...about.findings.map((finding) => finding.rule)]);
}

function worst(outputs) {
  const verdicts = new Set(outputs.map((output) => output.verdict));
  return WORST.find((verdict) => verdicts.has(verdict)) ?? "none";
}

// Mark the outputs that some filters let through; return the rows and columns that have any.
function filterFleet(fleet, { node, secret, rule, verdicts }) {
  const has = (text, part) => text.toLowerCase().includes(part);
  const nodes = fleet.nodes.map(({ name }) => has(name, node));
  const secrets = fleet.secrets.map((name) => has(name, secret));
  const abouts = fleet.about.map((about) => rule === "" || rulesOf(about).has(rule));
  const rows = new Set();
  const columns = new Set();
  let number = 0;
  for (const output of fleet.outputs) {
    output.shown = nodes[output.node] && secrets[output.secret] && abouts[output.about]
      && verdicts.has(output.verdict);
    if (output.shown) {
      rows.add(output.node);
      columns.add(output.secret);
      number += 1;
    }
  }
  const ascending = (set) => [...set].sort((a, b) => a - b);
  return { rows: ascending(rows), columns: ascending(columns), number };
}
