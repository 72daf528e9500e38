import { render } from "preact";
import { App } from "../app.js";
import { HttpSource } from "../http-source.js";
import { mount } from "../mount.js";

render(<App source={new HttpSource()} />, mount());
