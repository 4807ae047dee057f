// What can be ordered.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { useNotices } from "@ecs-saas/shared/notices.tsx";
import { useTokens } from "@ecs-saas/shared/paging.ts";
import { Confirm, Nothing, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { asProblem } from "@ecs-saas/shared/problem.ts";
import { useTitle } from "@ecs-saas/shared/shell.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApis, type Product } from "../api.ts";
import { texts } from "../texts.ts";

const said = texts.products;
const PAGE = 20;
const PRICE = /^(0|[1-9][0-9]{0,9})([.][0-9]{1,2})?$/;
const SKU = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export default function Products() {
  useTitle(said.title);
  const { products } = useApis();
  const paging = useTokens();
  const [typed, setTyped] = useState("");
  const [category, setCategory] = useState("");
  const [editing, setEditing] = useState<Product | "new">();
  const [deleting, setDeleting] = useState<Product>();
  const asked = { limit: PAGE, next_token: paging.token, ...(category && { category }) };
  const query = useQuery({
    queryKey: ["products", asked],
    queryFn: () => answered(products.GET("/products", { params: { query: asked } })),
    placeholderData: keepPreviousData,
  });

  return (
    <>
      <Table
        variant="full-page"
        stickyHeader
        items={query.data?.data ?? []}
        trackBy="productId"
        loading={query.isPending}
        loadingText={shared.loading}
        ariaLabels={{ tableLabel: said.title }}
        header={
          <Header
            variant="awsui-h1-sticky"
            description={said.description}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={texts.refresh} loading={query.isFetching && !query.isPending} onClick={() => void query.refetch()} />
                <Button variant="primary" onClick={() => setEditing("new")}>
                  {said.add}
                </Button>
              </SpaceBetween>
            }
          >
            {said.title}
          </Header>
        }
        filter={
          <form
            onSubmit={(event) => {
              event.preventDefault();
              setCategory(typed.trim());
              paging.begin();
            }}
          >
            <Input
              type="search"
              ariaLabel={said.allCategories}
              placeholder={said.allCategories}
              clearAriaLabel={texts.clear}
              value={typed}
              onChange={({ detail }) => {
                setTyped(detail.value);
                if (!detail.value) {
                  setCategory("");
                  paging.begin();
                }
              }}
            />
          </form>
        }
        pagination={<Pagination {...paging.properties(query.data?.next_token ?? undefined)} />}
        empty={
          query.isError ? (
            <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />
          ) : category ? (
            <Nothing title={texts.nothingMatches} />
          ) : (
            <Nothing title={said.nothing} body={said.nothingBody} action={<Button onClick={() => setEditing("new")}>{said.add}</Button>} />
          )
        }
        columnDefinitions={[
          { id: "name", header: said.name, cell: (each) => each.name, isRowHeader: true },
          { id: "price", header: said.price, cell: (each) => <span className="number">{each.price}</span> },
          { id: "sku", header: said.sku, cell: (each) => each.sku },
          { id: "category", header: said.category, cell: (each) => each.category },
          {
            id: "actions",
            header: texts.actions,
            cell: (each) => (
              <ButtonDropdown
                variant="inline-icon"
                expandToViewport
                ariaLabel={`${texts.actions}: ${each.name}`}
                items={[
                  { id: "change", text: said.change },
                  { id: "delete", text: said.delete },
                ]}
                onItemClick={({ detail }) => (detail.id === "change" ? setEditing(each) : setDeleting(each))}
              />
            ),
          },
        ]}
      />
      {editing && <Edit product={editing === "new" ? undefined : editing} onEnd={() => { setEditing(undefined); void query.refetch(); }} />}
      {deleting && <Remove product={deleting} onEnd={() => { setDeleting(undefined); void query.refetch(); }} />}
    </>
  );
}

function Edit({ product, onEnd }: { readonly product: Product | undefined; readonly onEnd: () => void }) {
  const { products } = useApis();
  const notices = useNotices();
  const [draft, setDraft] = useState({
    name: product?.name ?? "",
    price: product?.price ?? "",
    sku: product?.sku ?? "",
    category: product?.category ?? "",
  });
  const [tried, setTried] = useState(false);
  const wrong = {
    name: draft.name.trim() ? undefined : said.needed,
    price: PRICE.test(draft.price) ? undefined : said.badPrice,
    sku: SKU.test(draft.sku) ? undefined : said.badSku,
    category: draft.category.trim() ? undefined : said.needed,
  };
  const saving = useMutation({
    mutationFn: () =>
      product
        ? // What somebody else has changed since is not written over.
          answered(products.PUT("/products/{productId}", { params: { path: { productId: product.productId } }, body: { ...draft, version: product.version } }))
        : answered(products.POST("/products", { body: draft })),
    onSuccess: ({ data }) => {
      notices.tell("success", product ? said.changed(data.name) : said.added(data.name));
      onEnd();
    },
  });
  const refused = Object.fromEntries((saving.error ? asProblem(saving.error).fields : []).map((each) => [each.field, each.detail]));
  const field = (name: keyof typeof draft, label: string, hint?: string) => (
    <FormField label={label} constraintText={hint} errorText={(tried || draft[name]) && (wrong[name] ?? refused[name])}>
      <Input value={draft[name]} inputMode={name === "price" ? "decimal" : "text"} autoFocus={name === "name"} onChange={({ detail }) => setDraft({ ...draft, [name]: detail.value })} />
    </FormField>
  );
  return (
    <Confirm
      title={product ? `${said.change}: ${product.name}` : said.add}
      action={product ? shared.save : said.add}
      busy={saving.isPending}
      error={saving.error}
      onConfirm={() => {
        setTried(true);
        if (Object.values(wrong).every((each) => each === undefined)) saving.mutate();
      }}
      onDismiss={onEnd}
    >
      {field("name", said.name)}
      {field("price", said.price, said.priceHint)}
      {field("sku", said.sku, said.skuHint)}
      {field("category", said.category)}
    </Confirm>
  );
}

function Remove({ product, onEnd }: { readonly product: Product; readonly onEnd: () => void }) {
  const { products } = useApis();
  const notices = useNotices();
  const removing = useMutation({
    mutationFn: () => {
      const path = { productId: product.productId };
      return answered(products.DELETE("/products/{productId}", { params: { path, query: { version: product.version } } }));
    },
    onSuccess: () => {
      notices.tell("success", said.deleted(product.name));
      onEnd();
    },
  });
  return (
    <Confirm title={`${said.delete}: ${product.name}`} action={said.delete} busy={removing.isPending} error={removing.error} onConfirm={() => removing.mutate()} onDismiss={onEnd}>
      <Box>{said.deleteAbout}</Box>
    </Confirm>
  );
}
