// What is shown, kept in the fragment of the page's address: a link to it can be sent.
//
//   #fleet?node=web&secret=db&rule=output-stale&verdict=wrong,skipped    the filters
//   &open-node=nixos:web1&open-secret=db                                 what is open, by its names

const SHOWN = "#fleet?";

// What the address asks for; null where it asks for nothing that is ours.
function readAddress() {
  if (!location.hash.startsWith(SHOWN)) return null;
  const asked = new URLSearchParams(location.hash.slice(SHOWN.length));
  const text = (name) => asked.get(name) ?? "";
  return {
    filters: {
      node: text("node"), secret: text("secret"), rule: text("rule"),
      verdicts: new Set(text("verdict").split(",").filter(Boolean)),
    },
    node: asked.get("open-node"), secret: asked.get("open-secret"),
  };
}

function writeAddress({ node, secret, rule, verdicts }, openNode, openSecret) {
  const said = Object.entries({
    node, secret, rule, verdict: [...verdicts].join(","),
    "open-node": openNode, "open-secret": openSecret,
  }).filter(([, value]) => value);
  const before = location.hash.startsWith(SHOWN);
  if (said.length === 0 && !before) return;
  const hash = said.length > 0 ? `${SHOWN}${new URLSearchParams(said)}` : "#fleet";
  if (hash !== location.hash) history.replaceState(null, "", hash);
}
