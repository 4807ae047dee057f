// Who of the tenant may sign in. Its administrators see this page.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { useNotices } from "@ecs-saas/shared/notices.tsx";
import { useTokens } from "@ecs-saas/shared/paging.ts";
import { Confirm } from "@ecs-saas/shared/confirm.tsx";
import { Nothing, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { asProblem } from "@ecs-saas/shared/problem.ts";
import { useSession } from "@ecs-saas/shared/session.tsx";
import { useTitle } from "@ecs-saas/shared/top-bar.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApis, type Apis, type User, type UserRole } from "../api.ts";
import { texts } from "../texts.ts";

const said = texts.users;
const PAGE = 30;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._+@-]{0,62}[A-Za-z0-9])?$/;
const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
const ROLES = (["TenantUser", "TenantAdmin"] as const).map((value) => ({ value, label: texts.roles[value] ?? value }));
type Deed = "changeRole" | "enable" | "disable" | "again" | "delete";

export default function Users() {
  useTitle(said.title);
  const { users } = useApis();
  const session = useSession();
  const paging = useTokens();
  const [inviting, setInviting] = useState(false);
  const [doing, setDoing] = useState<{ readonly deed: Deed; readonly user: User }>();
  const asked = { limit: PAGE, next_token: paging.token };
  const query = useQuery({
    queryKey: ["users", asked],
    queryFn: () => answered(users.GET("/users", { params: { query: asked } })),
    placeholderData: keepPreviousData,
  });
  const isSelf = (user: User) => user.userName === session.userName;

  return (
    <>
      <Table
        variant="container"
        items={query.data?.data ?? []}
        trackBy="userName"
        loading={query.isPending}
        loadingText={shared.loading}
        ariaLabels={{ tableLabel: said.title }}
        empty={query.isError ? <ProblemAlert error={query.error} onRetry={() => void query.refetch()} /> : <Nothing title={said.nothing} />}
        pagination={<Pagination {...paging.properties(query.data?.next_token ?? undefined)} />}
        header={
          <Header
            variant="h1"
            description={said.description}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={texts.refresh} loading={query.isFetching && !query.isPending} onClick={() => void query.refetch()} />
                <Button variant="primary" onClick={() => setInviting(true)}>
                  {said.invite}
                </Button>
              </SpaceBetween>
            }
          >
            {said.title}
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: said.name, cell: (each) => each.userName, isRowHeader: true },
          { id: "email", header: said.email, cell: (each) => each.userEmail },
          { id: "role", header: said.role, cell: (each) => texts.roles[each.userRole] ?? each.userRole },
          { id: "status", header: said.status, cell: (each) => (each.federated ? said.federated : each.status) },
          {
            id: "enabled",
            header: said.enabled,
            cell: (each) => <StatusIndicator type={each.enabled ? "success" : "stopped"}>{each.enabled ? said.allowed : said.blocked}</StatusIndicator>,
          },
          {
            id: "actions",
            header: texts.actions,
            cell: (each) => (
              <ButtonDropdown
                variant="inline-icon"
                expandToViewport
                ariaLabel={`${texts.actions}: ${each.userName}`}
                items={[
                  { id: "changeRole", text: said.changeRole, disabled: isSelf(each) },
                  { id: "again", text: said.again, disabled: each.federated || each.status !== "FORCE_CHANGE_PASSWORD" },
                  each.enabled ? { id: "disable", text: said.disable, disabled: isSelf(each) } : { id: "enable", text: said.enable },
                  { id: "delete", text: said.delete, disabled: isSelf(each) },
                ]}
                onItemClick={({ detail }) => setDoing({ deed: detail.id as Deed, user: each })}
              />
            ),
          },
        ]}
      />
      {inviting && <Invite onEnd={() => { setInviting(false); void query.refetch(); }} />}
      {doing && <Do {...doing} onEnd={() => { setDoing(undefined); void query.refetch(); }} />}
    </>
  );
}

function RoleSelect({ role, onChange }: { readonly role: UserRole; readonly onChange: (role: UserRole) => void }) {
  return (
    <FormField label={said.role}>
      <Select
        selectedOption={ROLES.find((each) => each.value === role) ?? null}
        options={ROLES}
        onChange={({ detail }) => onChange(detail.selectedOption.value as UserRole)}
      />
    </FormField>
  );
}

function Invite({ onEnd }: { readonly onEnd: () => void }) {
  const { users } = useApis();
  const notices = useNotices();
  const [user, setUser] = useState<{ userName: string; userEmail: string; userRole: UserRole }>({ userName: "", userEmail: "", userRole: "TenantUser" });
  const inviting = useMutation({
    mutationFn: () => answered(users.POST("/users", { body: user })),
    onSuccess: ({ data }) => {
      notices.tell("success", said.invited(data.userName));
      onEnd();
    },
  });
  const refused = Object.fromEntries((inviting.error ? asProblem(inviting.error).fields : []).map((each) => [each.field, each.detail]));
  return (
    <Confirm
      title={said.invite}
      action={said.invite}
      busy={inviting.isPending}
      error={inviting.error}
      disabled={!NAME.test(user.userName) || !EMAIL.test(user.userEmail)}
      onConfirm={() => inviting.mutate()}
      onDismiss={onEnd}
    >
      <FormField label={said.ownName} constraintText={said.ownNameHint} errorText={user.userName && !NAME.test(user.userName) ? said.badName : refused["userName"]}>
        <Input value={user.userName} autoFocus autoComplete={false} onChange={({ detail }) => setUser({ ...user, userName: detail.value })} />
      </FormField>
      <FormField label={said.email} errorText={user.userEmail && !EMAIL.test(user.userEmail) ? said.badEmail : refused["userEmail"]}>
        <Input type="email" value={user.userEmail} onChange={({ detail }) => setUser({ ...user, userEmail: detail.value })} />
      </FormField>
      <RoleSelect role={user.userRole} onChange={(userRole) => setUser({ ...user, userRole })} />
    </Confirm>
  );
}

function Do({ deed, user, onEnd }: { readonly deed: Deed; readonly user: User; readonly onEnd: () => void }) {
  const { users } = useApis();
  const notices = useNotices();
  const [role, setRole] = useState(user.userRole as UserRole);
  const doing = useMutation({
    mutationFn: () => carryOut(users, deed, user.userName, role),
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

function carryOut(users: Apis["users"], deed: Deed, userName: string, role: UserRole): Promise<unknown> {
  const params = { path: { userName } };
  switch (deed) {
    case "changeRole":
      return answered(users.PUT("/users/{userName}", { params, body: { userRole: role } }));
    case "enable":
      return answered(users.PUT("/users/{userName}/enable", { params }));
    case "disable":
      return answered(users.PUT("/users/{userName}/disable", { params }));
    case "again":
      return answered(users.POST("/users/{userName}/invitation", { params }));
    case "delete":
      return answered(users.DELETE("/users/{userName}", { params }));
  }
}
