/** Where the page begins. */
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { startKeys } from "./app/keys";
import { startPreferences } from "./app/preferences";
import { startRenewal } from "./app/renewal";
import { startStream } from "./stream/tab";
import "./styles/index.css";

startPreferences();
startKeys();
startRenewal();
startStream();
const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");
createRoot(root).render(<App />);
