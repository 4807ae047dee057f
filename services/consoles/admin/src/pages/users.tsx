// The people who may sign in here, and what each may do.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { useNotices } from "@ecs-saas/shared/notices.tsx";
import { Confirm } from "@ecs-saas/shared/confirm.tsx";
import { Moment, Nothing, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { findings } from "@ecs-saas/shared/schema.ts";
import { useSession } from "@ecs-saas/shared/session.tsx";
import { useTitle } from "@ecs-saas/shared/top-bar.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useApi, type Api, type Schemas } from "../api.ts";
import { useMayWrite } from "../roles.ts";
import { texts } from "../texts.ts";

type User = Schemas["User"];
type Deed = "changeRole" | "enable" | "disable" | "again" | "delete";

const said = texts.users;
const PAGE = 30;

export default function Users() {
  useTitle(said.title);
  const api = useApi();
  const mayWrite = useMayWrite();
  const session = useSession();
  const [inviting, setInviting] = useState(false);
  const [doing, setDoing] = useState<{ readonly deed: Deed; readonly user: User }>();
  const query = useInfiniteQuery({
    queryKey: ["users"],
    queryFn: ({ pageParam }) => answered(api.GET("/users", { params: { query: { limit: PAGE, next_token: pageParam } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_token,
  });
  const users = query.data?.pages.flatMap((page) => page.data) ?? [];
  const isSelf = (user: User) => user.userName === session.userName;

  return (
    <>
      <Table
        variant="full-page"
        stickyHeader
        items={users}
        trackBy="userName"
        loading={query.isPending}
        loadingText={shared.loading}
        ariaLabels={{ tableLabel: said.title }}
        empty={query.isError ? <ProblemAlert error={query.error} onRetry={() => void query.refetch()} /> : <Nothing title={said.nothing} />}
        header={
          <Header
            variant="awsui-h1-sticky"
            description={mayWrite ? said.description : `${said.description} ${texts.readOnly}`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={texts.list.refresh} loading={query.isFetching && !query.isPending} onClick={() => void query.refetch()} />
                {mayWrite && (
                  <Button variant="primary" onClick={() => setInviting(true)}>
                    {said.invite}
                  </Button>
                )}
              </SpaceBetween>
            }
          >
            {said.title}
          </Header>
        }
        footer={
          query.hasNextPage && (
            <Box textAlign="center">
              <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {texts.audit.more}
              </Button>
            </Box>
          )
        }
        columnDefinitions={[
          { id: "name", header: said.name, cell: (each) => each.userName, isRowHeader: true },
          { id: "email", header: texts.email, cell: (each) => each.email },
          { id: "role", header: said.role, cell: (each) => roleName(each.userRole) },
          { id: "status", header: said.status, cell: (each) => each.status },
          {
            id: "enabled",
            header: said.enabled,
            cell: (each) => <StatusIndicator type={each.enabled ? "success" : "stopped"}>{each.enabled ? said.allowed : said.blocked}</StatusIndicator>,
          },
          { id: "created", header: said.created, cell: (each) => <Moment at={each.created} /> },
          ...(mayWrite
            ? [
                {
                  id: "actions",
                  header: texts.list.actions,
                  cell: (each: User) => (
                    <ButtonDropdown
                      variant="inline-icon"
                      expandToViewport
                      ariaLabel={`${texts.list.actions}: ${each.userName}`}
                      items={[
                        { id: "changeRole", text: said.changeRole, disabled: isSelf(each) },
                        { id: "again", text: said.again, disabled: each.status !== "FORCE_CHANGE_PASSWORD" },
                        each.enabled ? { id: "disable", text: said.disable, disabled: isSelf(each) } : { id: "enable", text: said.enable },
                        { id: "delete", text: said.delete, disabled: isSelf(each) },
                      ]}
                      onItemClick={({ detail }) => setDoing({ deed: detail.id as Deed, user: each })}
                    />
                  ),
                },
              ]
            : []),
        ]}
      />
      {inviting && <Invite onEnd={() => { setInviting(false); void query.refetch(); }} />}
      {doing && <Do {...doing} onEnd={() => { setDoing(undefined); void query.refetch(); }} />}
    </>
  );
}

const roleName = (role: string): string => (texts.roles as Readonly<Record<string, string>>)[role] ?? role;
const ROLES = (Object.keys(texts.roles) as Schemas["Role"][]).map((value) => ({ value, label: texts.roles[value] }));

function RoleSelect({ role, onChange }: { readonly role: Schemas["Role"]; readonly onChange: (role: Schemas["Role"]) => void }) {
  return (
    <FormField label={said.role} description={said.roleHint}>
      <Select
        selectedOption={ROLES.find((each) => each.value === role) ?? null}
        options={ROLES}
        onChange={({ detail }) => onChange(detail.selectedOption.value as Schemas["Role"])}
      />
    </FormField>
  );
}

function Invite({ onEnd }: { readonly onEnd: () => void }) {
  const api = useApi();
  const notices = useNotices();
  const [user, setUser] = useState<Schemas["UserRequest"]>({ userName: "", email: "", userRole: "SupportReader" });
  const wrong = findings("UserRequest", user);
  const inviting = useMutation({
    mutationFn: () => answered(api.POST("/users", { body: user })),
    onSuccess: () => {
      notices.tell("success", said.invited(user.userName));
      onEnd();
    },
  });
  return (
    <Confirm
      title={said.invite}
      action={said.invite}
      busy={inviting.isPending}
      error={inviting.error}
      disabled={Object.keys(wrong).length > 0}
      onConfirm={() => inviting.mutate()}
      onDismiss={onEnd}
    >
      <FormField label={said.name} errorText={user.userName && wrong["userName"]}>
        <Input value={user.userName} autoComplete={false} onChange={({ detail }) => setUser({ ...user, userName: detail.value })} />
      </FormField>
      <FormField label={texts.email} errorText={user.email && wrong["email"]}>
        <Input type="email" value={user.email} onChange={({ detail }) => setUser({ ...user, email: detail.value })} />
      </FormField>
      <RoleSelect role={user.userRole} onChange={(userRole) => setUser({ ...user, userRole })} />
    </Confirm>
  );
}

function Do({ deed, user, onEnd }: { readonly deed: Deed; readonly user: User; readonly onEnd: () => void }) {
  const api = useApi();
  const notices = useNotices();
  const [role, setRole] = useState<Schemas["Role"]>(user.userRole as Schemas["Role"]);
  const doing = useMutation({
    mutationFn: () => carryOut(api, deed, user.userName, role),
    onSuccess: () => {
      notices.tell("success", said.done(said[deed], user.userName));
      onEnd();
    },
  });
  return (
    <Confirm
      title={`${said[deed]}: ${user.userName}`}
      action={said[deed]}
      typed={deed === "delete" ? user.userName : undefined}
      busy={doing.isPending}
      error={doing.error}
      disabled={deed === "changeRole" && role === user.userRole}
      onConfirm={() => doing.mutate()}
      onDismiss={onEnd}
    >
      {deed === "delete" && <Box>{said.deleteAbout}</Box>}
      {deed === "disable" && <Box>{said.disableAbout}</Box>}
      {deed === "changeRole" && <RoleSelect role={role} onChange={setRole} />}
    </Confirm>
  );
}

function carryOut(api: Api, deed: Deed, name: string, role: Schemas["Role"]): Promise<unknown> {
  const params = { path: { user_name: name } };
  switch (deed) {
    case "changeRole":
      return answered(api.PUT("/users/{user_name}", { params, body: { userRole: role } }));
    case "enable":
      return answered(api.PUT("/users/{user_name}/enable", { params }));
    case "disable":
      return answered(api.PUT("/users/{user_name}/disable", { params }));
    case "again":
      return answered(api.POST("/users/{user_name}/invitation", { params }));
    case "delete":
      return answered(api.DELETE("/users/{user_name}", { params }));
  }
}
