/** `auto` follows the system. */
export type Theme = "auto" | "light" | "dark";

const KEY = "thermocline-theme";
export const THEMES: readonly Theme[] = ["auto", "light", "dark"];

/** What was chosen last in this browser. */
export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === stored) ?? "auto";
  } catch {
    // Where storage is off, the choice lasts as long as the page.
    return "auto";
  }
}

export function chooseTheme(theme: Theme): void {
  applyTheme(theme);
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // As above.
  }
}

/** Every colour is a `light-dark()`, so this is all. */
export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event("themechange"));
}

/** Calls back when colours have changed, whoever changed them. */
export function onThemeChange(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  addEventListener("themechange", changed);
  return () => {
    system.removeEventListener("change", changed);
    removeEventListener("themechange", changed);
  };
}

const NAMES = ["text", "muted", "line", "surface", "hot", "cold", "plain", "hit", "accent"] as const;
export type Colors = Readonly<Record<(typeof NAMES)[number], string>>;

/** The theme's colours as a canvas takes them. */
export function colorsOf(element: HTMLElement): Colors {
  const probe = document.createElement("span");
  element.append(probe);
  const colors = NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(colors) as Colors;
}
