// What can be ordered.
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { useTokens } from "@ecs-saas/shared/paging.ts";
import { Nothing, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { useTitle } from "@ecs-saas/shared/top-bar.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useApis } from "../api.ts";
import type { Wish } from "../product-dialog.tsx";
import { texts } from "../texts.ts";

const said = texts.products;
const PAGE = 20;
// Not loaded before somebody wants to write.
const ProductDialog = lazy(() => import("../product-dialog.tsx"));

export default function Products() {
  useTitle(said.title);
  const { products } = useApis();
  const paging = useTokens();
  const [typed, setTyped] = useState("");
  const [category, setCategory] = useState("");
  const [wish, setWish] = useState<Wish>();
  const asked = { limit: PAGE, next_token: paging.token, ...(category && { category }) };
  const query = useQuery({
    queryKey: ["products", asked],
    queryFn: () => answered(products.GET("/products", { params: { query: asked } })),
    placeholderData: keepPreviousData,
  });

  return (
    <>
      <Table
        variant="container"
        items={query.data?.data ?? []}
        trackBy="productId"
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
                <Button variant="primary" onClick={() => setWish({ kind: "add" })}>
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
            <Nothing title={said.nothing} body={said.nothingBody} action={<Button onClick={() => setWish({ kind: "add" })}>{said.add}</Button>} />
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
                onItemClick={({ detail }) => setWish({ kind: detail.id as "change" | "delete", product: each })}
              />
            ),
          },
        ]}
      />
      {wish && (
        <Suspense>
          <ProductDialog wish={wish} onEnd={() => { setWish(undefined); void query.refetch(); }} />
        </Suspense>
      )}
    </>
  );
}
