const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** A text as XML and HTML say it. */
export function escaped(text: string): string {
  // Control characters have no place in XML, not even as entities.
  return text.replace(/[^\P{Cc}\t\n\r]/gu, "�").replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
}
