// Light or dark: as the system has it, until somebody chooses.
import { useSyncExternalStore } from "react";

export type Mode = "light" | "dark";

const CHOICE = "ecs-saas.appearance";
const preference = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function mode(): Mode {
  const chosen = localStorage.getItem(CHOICE);
  if (chosen === "light" || chosen === "dark") return chosen;
  return preference.matches ? "dark" : "light";
}

export function choose(wanted: Mode): void {
  localStorage.setItem(CHOICE, wanted);
  apply();
}

export function apply(): void {
  const dark = mode() === "dark";
  document.body.classList.toggle("awsui-dark-mode", dark);
  document.documentElement.classList.toggle("dark", dark);
  listeners.forEach((tell) => tell());
}

export function useMode(): Mode {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    mode,
  );
}

preference.addEventListener("change", apply);
