import type { Plugin } from "vite";
export function apiBase(): Plugin;
