/** The attributes of an SVG element. */
export type Attributes = Readonly<Record<string, string | number>>;

/** An SVG element as text. Numbers are cut to two decimals, so that equal figures give equal files. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(format(value))}"`);
  const open = `<${name}${written.join("")}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join("")}</${name}>`;
}

/** A `<text>` element. */
export function text(content: string, attributes: Attributes): string {
  return element("text", attributes, escapeXml(content));
}

/** Makes text safe between tags and in attributes. */
export function escapeXml(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function format(value: string | number): string {
  return typeof value === "string" ? value : String(Math.round(value * 100) / 100);
}
