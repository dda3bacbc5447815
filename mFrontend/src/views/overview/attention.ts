/** Which accounts stand first; told by the same rule wherever accounts are listed. */
export * from "@/parts/attention";
