// Orders, the newest first. Every price and total is the server's.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Modal from "@cloudscape-design/components/modal";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { useNotices } from "@ecs-saas/shared/notices.tsx";
import { useTokens } from "@ecs-saas/shared/paging.ts";
import { Confirm } from "@ecs-saas/shared/confirm.tsx";
import { Id, Moment, Nothing, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { useTitle } from "@ecs-saas/shared/top-bar.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApis, type Order, type OrderStatus } from "../api.ts";
import { NewOrder } from "../new-order.tsx";
import { orderStates, texts } from "../texts.ts";

const said = texts.orders;
const PAGE = 20;
// As `services/application/orders/lifecycle.py` has it; the server refuses all else.
const MOVES: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  CREATED: ["CONFIRMED", "CANCELLED"],
  CONFIRMED: ["SHIPPED", "CANCELLED"],
  SHIPPED: ["DELIVERED"],
  DELIVERED: [],
  CANCELLED: [],
};
const DELETABLE: readonly OrderStatus[] = ["CREATED", "DELIVERED", "CANCELLED"];
const LOOKS: Readonly<Record<OrderStatus, StatusIndicatorProps.Type>> = {
  CREATED: "pending",
  CONFIRMED: "info",
  SHIPPED: "in-progress",
  DELIVERED: "success",
  CANCELLED: "stopped",
};

export default function Orders() {
  useTitle(said.title);
  const { orders } = useApis();
  const notices = useNotices();
  const paging = useTokens();
  const [creating, setCreating] = useState(false);
  const [shown, setShown] = useState<Order>();
  const [deleting, setDeleting] = useState<Order>();
  const asked = { limit: PAGE, next_token: paging.token };
  const query = useQuery({
    queryKey: ["orders", asked],
    queryFn: () => answered(orders.GET("/orders", { params: { query: asked } })),
    placeholderData: keepPreviousData,
  });
  const moving = useMutation({
    mutationFn: ({ order, status }: { readonly order: Order; readonly status: OrderStatus }) =>
      answered(orders.PUT("/orders/{orderId}/status", { params: { path: { orderId: order.orderId } }, body: { status, version: order.version } })),
    onSuccess: ({ data }) => notices.tell("success", said.moved(data.orderName, orderStates[data.status])),
    onError: notices.fail,
    onSettled: () => query.refetch(),
  });

  return (
    <>
      <Table
        variant="container"
        items={query.data?.data ?? []}
        trackBy="orderId"
        loading={query.isPending}
        loadingText={shared.loading}
        ariaLabels={{ tableLabel: said.title }}
        header={
          <Header
            variant="h1"
            description={said.description}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={texts.refresh} loading={query.isFetching && !query.isPending} onClick={() => void query.refetch()} />
                <Button variant="primary" onClick={() => setCreating(true)}>
                  {said.create}
                </Button>
              </SpaceBetween>
            }
          >
            {said.title}
          </Header>
        }
        pagination={<Pagination {...paging.properties(query.data?.next_token ?? undefined)} />}
        empty={
          query.isError ? (
            <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />
          ) : (
            <Nothing title={said.nothing} body={said.nothingBody} action={<Button onClick={() => setCreating(true)}>{said.create}</Button>} />
          )
        }
        columnDefinitions={[
          {
            id: "name",
            header: said.name,
            cell: (each) => (
              <Button variant="inline-link" onClick={() => setShown(each)}>
                {each.orderName}
              </Button>
            ),
            isRowHeader: true,
          },
          { id: "status", header: said.status, cell: (each) => <StatusOf status={each.status} /> },
          { id: "lines", header: said.lines, cell: (each) => each.orderProducts.map((line) => `${line.quantity} × ${line.name}`).join(", ") },
          { id: "total", header: said.total, cell: (each) => <span className="number">{each.totalPrice}</span> },
          { id: "created", header: said.created, cell: (each) => <Moment at={each.createdAt} /> },
          {
            id: "actions",
            header: texts.actions,
            cell: (each) => (
              <ButtonDropdown
                variant="inline-icon"
                expandToViewport
                loading={moving.isPending && moving.variables.order.orderId === each.orderId}
                ariaLabel={`${texts.actions}: ${each.orderName}`}
                items={[
                  ...MOVES[each.status].map((status) => ({ id: status, text: said.move(orderStates[status]) })),
                  { id: "delete", text: said.delete, disabled: !DELETABLE.includes(each.status) },
                ]}
                onItemClick={({ detail }) => {
                  if (detail.id === "delete") setDeleting(each);
                  else moving.mutate({ order: each, status: detail.id as OrderStatus });
                }}
              />
            ),
          },
        ]}
      />
      {creating && <NewOrder onEnd={() => { setCreating(false); void query.refetch(); }} />}
      {shown && <Details order={shown} onEnd={() => setShown(undefined)} />}
      {deleting && <Remove order={deleting} onEnd={() => { setDeleting(undefined); void query.refetch(); }} />}
    </>
  );
}

function StatusOf({ status }: { readonly status: OrderStatus }) {
  return <StatusIndicator type={LOOKS[status]}>{orderStates[status]}</StatusIndicator>;
}

function Details({ order, onEnd }: { readonly order: Order; readonly onEnd: () => void }) {
  return (
    <Modal visible size="large" header={said.details(order.orderName)} closeAriaLabel={shared.close} onDismiss={onEnd}>
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={3}
          items={[
            { label: said.status, value: <StatusOf status={order.status} /> },
            { label: said.total, value: order.totalPrice },
            { label: said.created, value: <Moment at={order.createdAt} /> },
            { label: said.changed, value: <Moment at={order.updatedAt} /> },
            { label: said.id, value: <Id value={order.orderId} name={said.id} /> },
          ]}
        />
        <Table
          variant="embedded"
          items={[...order.orderProducts]}
          trackBy="productId"
          ariaLabels={{ tableLabel: said.lines }}
          columnDefinitions={[
            { id: "name", header: said.product, cell: (each) => each.name, isRowHeader: true },
            { id: "price", header: said.price, cell: (each) => <span className="number">{each.price}</span> },
            { id: "quantity", header: said.quantity, cell: (each) => <span className="number">{each.quantity}</span> },
            { id: "amount", header: said.amount, cell: (each) => <span className="number">{each.amount}</span> },
          ]}
        />
      </SpaceBetween>
    </Modal>
  );
}

function Remove({ order, onEnd }: { readonly order: Order; readonly onEnd: () => void }) {
  const { orders } = useApis();
  const notices = useNotices();
  const removing = useMutation({
    mutationFn: () => answered(orders.DELETE("/orders/{orderId}", { params: { path: { orderId: order.orderId } } })),
    onSuccess: () => {
      notices.tell("success", said.deleted(order.orderName));
      onEnd();
    },
  });
  return (
    <Confirm title={`${said.delete}: ${order.orderName}`} action={said.delete} busy={removing.isPending} error={removing.error} onConfirm={() => removing.mutate()} onDismiss={onEnd}>
      <Box>{said.deleteAbout}</Box>
    </Confirm>
  );
}
