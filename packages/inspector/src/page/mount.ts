import "uplot/dist/uPlot.min.css";
import "./style.css";
import "./search.css";
import "./charts.css";
import "./records.css";
import { applyTheme, storedTheme } from "./theme.js";

/** Where the page is put, in the theme that was chosen before. */
export function mount(): HTMLElement {
  applyTheme(storedTheme());
  const element = document.getElementById("app");
  if (!element) throw new Error("The page has no #app.");
  return element;
}
