import { useState } from "preact/hooks";
import { chooseTheme, storedTheme, THEMES } from "./theme.js";

/** Light, dark, or as the system has it. */
export function ThemeChoice() {
  const [chosen, setChosen] = useState(storedTheme);
  return (
    <fieldset class="modes theme">
      <legend class="hidden">Theme</legend>
      {THEMES.map((theme) => (
        <label key={theme}>
          <input
            type="radio"
            name="theme"
            checked={theme === chosen}
            onChange={() => {
              chooseTheme(theme);
              setChosen(theme);
            }}
          />
          <span class="mode">{theme}</span>
        </label>
      ))}
    </fieldset>
  );
}
