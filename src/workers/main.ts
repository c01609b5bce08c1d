/** The entry of a worker in the checkout; in the bundle it is `main.ts`. @module */
import { serve } from "./start.ts";

await serve();
