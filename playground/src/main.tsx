import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { loadDemo } from "./demo";
import { begin } from "./session";
import { beginTheme } from "./theme";
import "./style.css";

beginTheme();
void loadDemo();
void begin();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
