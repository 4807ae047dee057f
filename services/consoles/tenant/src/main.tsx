import { start } from "@ecs-saas/shared/start.tsx";
import { Application } from "./application.tsx";

start((config) => <Application config={config} />);
