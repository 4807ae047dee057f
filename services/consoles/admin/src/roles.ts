// What the signed-in person may do here. The API decides; this decides what is offered.
import { useSession } from "@ecs-saas/shared/session.tsx";

export type Role = "SystemAdmin" | "SupportReader";

export function roleOf(claims: Readonly<Record<string, unknown>>): Role | undefined {
  const told = claims["cognito:groups"];
  const groups: readonly unknown[] = Array.isArray(told) ? told : [];
  if (groups.includes("SystemAdmin")) return "SystemAdmin";
  return groups.includes("SupportReader") ? "SupportReader" : undefined;
}

export function useMayWrite(): boolean {
  return roleOf(useSession().claims) === "SystemAdmin";
}
