import { render } from "preact";
import { App } from "../app.js";
import { httpSource } from "../http-source.js";
import { mount } from "../mount.js";

render(<App source={httpSource} />, mount());
