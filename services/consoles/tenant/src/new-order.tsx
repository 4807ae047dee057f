// A new order: which products, and how many of each. What it costs, the server says.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Grid from "@cloudscape-design/components/grid";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { answered, newKey } from "@ecs-saas/shared/client.ts";
import { useNotices } from "@ecs-saas/shared/notices.tsx";
import { Confirm } from "@ecs-saas/shared/confirm.tsx";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useApis, type Product } from "./api.ts";
import { texts } from "./texts.ts";

const said = texts.orders;
const PAGE = 100;
const MOST_LINES = 50;
const MOST = 10_000;

interface Line {
  readonly key: number;
  readonly product: Product | undefined;
  readonly quantity: string;
}

export function NewOrder({ onEnd }: { readonly onEnd: () => void }) {
  const { products, orders } = useApis();
  const notices = useNotices();
  const [name, setName] = useState("");
  const [lines, setLines] = useState<readonly Line[]>([{ key: 0, product: undefined, quantity: "1" }]);
  const [tried, setTried] = useState(false);
  const keys = useRef(1);
  const key = useRef({ of: "", value: "" });

  const offered = useInfiniteQuery({
    queryKey: ["products", "offered"],
    queryFn: ({ pageParam }) => answered(products.GET("/products", { params: { query: { limit: PAGE, next_token: pageParam } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_token ?? undefined,
  });
  const choices = offered.data?.pages.flatMap((page) => page.data) ?? [];

  const body = {
    orderName: name.trim(),
    // With the price that is shown: the server refuses the order if it is another one by now.
    orderProducts: lines.flatMap(({ product, quantity }) => (product ? [{ productId: product.productId, quantity: Number(quantity), price: product.price }] : [])),
  };
  const wrong = (line: Line) => ({
    product: line.product === undefined ? said.choose : lines.filter((each) => each.product?.productId === line.product?.productId).length > 1 ? said.twice : undefined,
    quantity: /^[1-9][0-9]*$/.test(line.quantity) && Number(line.quantity) <= MOST ? undefined : said.badQuantity,
  });
  const complete = body.orderName !== "" && lines.every((line) => !wrong(line).product && !wrong(line).quantity);

  const creating = useMutation({
    mutationFn: () => {
      // The same key for the same order: one whose answer was lost is not made twice.
      const wish = JSON.stringify(body);
      if (key.current.of !== wish) key.current = { of: wish, value: newKey() };
      return answered(orders.POST("/orders", { params: { header: { "Idempotency-Key": key.current.value } }, body }));
    },
    onSuccess: ({ data }) => {
      notices.tell("success", said.made(data.orderName, data.totalPrice));
      onEnd();
    },
  });
  const change = (changed: Line) => setLines(lines.map((each) => (each.key === changed.key ? changed : each)));

  return (
    <Confirm
      title={said.create}
      action={said.createAction}
      busy={creating.isPending}
      error={creating.error ?? offered.error}
      disabled={offered.isPending || choices.length === 0}
      onConfirm={() => {
        setTried(true);
        if (complete) creating.mutate();
      }}
      onDismiss={onEnd}
    >
      {offered.isSuccess && choices.length === 0 && <Alert type="info">{said.noProducts}</Alert>}
      <FormField label={said.name} errorText={tried && !body.orderName && texts.products.needed}>
        <Input value={name} autoFocus onChange={({ detail }) => setName(detail.value)} />
      </FormField>
      {lines.map((line, number) => (
        <Grid key={line.key} gridDefinition={[{ colspan: 7 }, { colspan: 3 }, { colspan: 2 }]}>
          <FormField label={said.product} errorText={tried && wrong(line).product}>
            <Select
              filteringType="auto"
              expandToViewport
              placeholder={said.choose}
              statusType={offered.isPending ? "loading" : "finished"}
              selectedOption={line.product ? optionOf(line.product) : null}
              options={choices.map(optionOf)}
              onLoadItems={() => {
                if (offered.hasNextPage) void offered.fetchNextPage();
              }}
              onChange={({ detail }) => change({ ...line, product: choices.find((each) => each.productId === detail.selectedOption.value) })}
            />
          </FormField>
          <FormField label={said.quantity} errorText={tried && wrong(line).quantity}>
            <Input inputMode="numeric" value={line.quantity} onChange={({ detail }) => change({ ...line, quantity: detail.value })} />
          </FormField>
          <FormField label={<span aria-hidden="true">&nbsp;</span>}>
            <Button
              iconName="remove"
              formAction="none"
              ariaLabel={said.removeLine(number + 1)}
              disabled={lines.length === 1}
              onClick={() => setLines(lines.filter((each) => each.key !== line.key))}
            />
          </FormField>
        </Grid>
      ))}
      <SpaceBetween size="xs">
        <Button
          iconName="add-plus"
          formAction="none"
          disabled={lines.length >= MOST_LINES}
          onClick={() => setLines([...lines, { key: keys.current++, product: undefined, quantity: "1" }])}
        >
          {said.addLine}
        </Button>
        <Box color="text-body-secondary" fontSize="body-s">
          {said.totalBy}
        </Box>
      </SpaceBetween>
    </Confirm>
  );
}

const optionOf = (product: Product) => ({ value: product.productId, label: product.name, description: product.sku, labelTag: product.price });
