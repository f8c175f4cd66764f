import { join, resolve } from "node:path";

const CACHE = resolve(__dirname, "..", ".cache");

/** IMAGES holds disk images by the content that went into them. */
export const IMAGES = join(CACHE, "lab");
/** LABS holds a folder for each lab that exists. */
export const LABS = join(CACHE, "labs");
