/** The page: one shell, one route at a time, and a fence around each view. */
import { QueryClientProvider } from "@tanstack/react-query";
import { Component, type ReactNode, Suspense } from "react";
import { Route, Switch } from "wouter";
import { queries } from "@/api/queries";
import { Empty, ErrorState, Loading } from "@/parts/States";
import { ROUTES } from "./routes";
import { Shell } from "./Shell";

/** A view that fails says so in its place; the rest of the page stays. */
class Fence extends Component<{ readonly children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <ErrorState
        what="This view"
        error={this.state.error}
        retry={() => this.setState({ error: null })}
      />
    );
  }
}

export const App = () => (
  <QueryClientProvider client={queries}>
    <Shell>
      <Switch>
        {ROUTES.map(({ path, name, view: View }) => (
          <Route key={path} path={path}>
            <Fence>
              <Suspense fallback={<Loading what={name} rows={8} />}>
                <View />
              </Suspense>
            </Fence>
          </Route>
        ))}
        <Route>
          <Empty title="There is no such view">
            The rail names those that there are; <kbd className="key">/</kbd> searches.
          </Empty>
        </Route>
      </Switch>
    </Shell>
  </QueryClientProvider>
);
