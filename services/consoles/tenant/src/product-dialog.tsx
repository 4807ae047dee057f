// Adds, changes or deletes a product.
import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { answered } from "@ecs-saas/shared/client.ts";
import { Confirm } from "@ecs-saas/shared/confirm.tsx";
import { useNotices } from "@ecs-saas/shared/notices.tsx";
import { asProblem } from "@ecs-saas/shared/problem.ts";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useApis, type Product } from "./api.ts";
import { texts } from "./texts.ts";

const said = texts.products;
const PRICE = /^(0|[1-9][0-9]{0,9})([.][0-9]{1,2})?$/;
const SKU = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export type Wish = { readonly kind: "add" } | { readonly kind: "change" | "delete"; readonly product: Product };

export default function ProductDialog({ wish, onEnd }: { readonly wish: Wish; readonly onEnd: () => void }) {
  if (wish.kind === "delete") return <Remove product={wish.product} onEnd={onEnd} />;
  return <Edit product={wish.kind === "change" ? wish.product : undefined} onEnd={onEnd} />;
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
