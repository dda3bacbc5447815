/** How serious a fault is: word, colour and sign. */
import { Badge, type Tone } from "@/parts/Badge";

const TONES: Readonly<Record<string, Tone>> = { error: "bad", warning: "warn" };

export const Level = ({ level }: { readonly level: string }) => (
  <Badge tone={TONES[level] ?? "calm"}>{level}</Badge>
);
