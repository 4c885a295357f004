// Through the package's own name, so that `exports` is part of what is compiled.
import * as holdfast from "holdfast";

export { holdfast };
