// The outputs as fleet_data.py wrote them:
//
//   verdicts    their names, in order
//   secrets     their names
//   nodes       [name, shown name, what its paths begin with, outputs]
//   outputs     [secret, verdict, what its path has in between, about, addressees, length]
//   about       [source, its length, version of it, rules, reason, findings]
//   addressees  [whom it is addressed to, version of the key]
//   besides     [node, secret, finding], of which one is null: findings about all of the other
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
  const asFinding = ([rule, severity, message, mend, cause, isNew]) =>
    ({ rule, severity, message, mend, cause, isNew });
  return {
    nodes: data.nodes.map(([name, short]) => ({ name, short })),
    secrets: data.secrets,
    outputs,
    about: data.about.map(([source, length, made, rules, reason, findings]) => ({
      source, length, made, rules, reason, findings: findings.map(asFinding),
    })),
    besides: (node, secret) => data.besides
      .filter(([ofNode, ofSecret]) => ofNode === node && ofSecret === secret)
      .map(([, , finding]) => asFinding(finding)),
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

// Mark the outputs that some filters let through; return the rows and columns that have any, the
// worst first, and what each of them has.
function filterFleet(fleet, { node, secret, rule, verdicts }) {
  const has = (text, part) => text.toLowerCase().includes(part.toLowerCase());
  const nodes = fleet.nodes.map(({ name }) => has(name, node));
  const secrets = fleet.secrets.map((name) => has(name, secret));
  const abouts = fleet.about.map((about) => rule === "" || rulesOf(about).has(rule));
  const tallies = { nodes: nodes.map(newTally), secrets: secrets.map(newTally) };
  let number = 0;
  for (const output of fleet.outputs) {
    output.shown = nodes[output.node] && secrets[output.secret] && abouts[output.about]
      && (verdicts.size === 0 || verdicts.has(output.verdict));
    if (output.shown) {
      addTo(tallies.nodes[output.node], output);
      addTo(tallies.secrets[output.secret], output);
      number += 1;
    }
  }
  return {
    rows: worstFirst(tallies.nodes), columns: worstFirst(tallies.secrets), tallies, number,
  };
}

// How many outputs there are, and how many of each verdict.
function newTally() {
  return { all: 0, ok: 0, wrong: 0, unverifiable: 0, skipped: 0 };
}

function addTo(tally, output) {
  tally.all += 1;
  tally[output.verdict] += 1;
}

// The numbers of the tallies that are not empty, the worst first, equal ones in their order.
function worstFirst(tallies) {
  return [...tallies.keys()].filter((at) => tallies[at].all > 0).sort((one, other) =>
    tallies[other].wrong - tallies[one].wrong
    || tallies[other].unverifiable - tallies[one].unverifiable
    || one - other);
}

function inWords({ wrong, all }) {
  return wrong > 0 ? `${wrong} of ${all} wrong` : count(all, "output");
}
