import type { Plugin } from "vite";
export function swapped(): Plugin;
