/** The one place that a screen reader is told of by itself. */
import { useEffect, useState } from "react";
import { onSentence } from "@/app/speech";

export function LiveRegion() {
  const [sentence, setSentence] = useState("");
  useEffect(() => onSentence(setSentence), []);
  return (
    <div role="status" aria-live="polite" className="visually-hidden">
      {sentence}
    </div>
  );
}
