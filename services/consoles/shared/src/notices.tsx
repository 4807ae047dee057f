// What has just been done, above the page. Screen readers are told as well.
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from "react";
import { asProblem } from "./problem.ts";
import { texts } from "./texts.ts";

interface Notices {
  readonly tell: (type: "success" | "info" | "warning", text: string) => void;
  readonly fail: (error: unknown) => void;
}

const Current = createContext<Notices | undefined>(undefined);
const Shown = createContext<readonly FlashbarProps.MessageDefinition[]>([]);
const MOST = 4;

export function NoticesProvider({ children }: { readonly children: ReactNode }) {
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const count = useRef(0);

  const add = useCallback((item: FlashbarProps.MessageDefinition) => {
    const id = String(count.current++);
    const remove = () => setItems((before) => before.filter((each) => each.id !== id));
    const made = { ...item, id, dismissible: true, dismissLabel: texts.close, onDismiss: remove };
    setItems((before) => [made, ...before].slice(0, MOST));
    if (item.type === "success" || item.type === "info") setTimeout(remove, 12_000);
  }, []);

  const notices = useMemo<Notices>(
    () => ({
      tell: (type, text) => add({ type, content: text, ariaRole: "status" }),
      fail: (error) => {
        const problem = asProblem(error);
        add({ type: "error", header: problem.title, content: problem.message, ariaRole: "alert" });
      },
    }),
    [add],
  );
  return (
    <Current.Provider value={notices}>
      <Shown.Provider value={items}>{children}</Shown.Provider>
    </Current.Provider>
  );
}

export function useNotices(): Notices {
  const notices = useContext(Current);
  if (notices === undefined) throw new Error("there are no notices around this component");
  return notices;
}

export function NoticesBar() {
  return <Flashbar items={useContext(Shown)} />;
}
