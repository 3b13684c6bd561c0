// Reads a spritesheet's JSON on standard input and prints what PixiJS makes of it.
import { readFileSync } from "node:fs";

// The parser asks what a browser it runs in.
globalThis.navigator ??= { userAgent: "node" };
const { Spritesheet, Texture, TextureSource } = await import("pixi.js");

const data = JSON.parse(readFileSync(0, "utf8"));
const { w, h } = data.meta.size;
const sheet = new Spritesheet(new Texture({ source: new TextureSource({ width: w, height: h }) }), data);
const textures = await sheet.parse();
const found = Object.entries(textures).map(([name, texture]) => [
    name,
    { x: texture.frame.x, y: texture.frame.y, w: texture.orig.width, h: texture.orig.height },
]);
process.stdout.write(JSON.stringify(Object.fromEntries(found)));
