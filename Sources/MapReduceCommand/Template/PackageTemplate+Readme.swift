// SPDX-License-Identifier: Apache-2.0

extension PackageTemplate {
  /// How the package is built, run and tested.
  var readme: String {
    """
    # \(package)

    Jobs for [mapred](\(place)). Swift 6.3 on Linux.

    ```console
    $ swift build -c release
    $ alias \(alias)="$PWD/.build/release/\(module)"
    ```

    In one process:

    ```console
    $ \(alias) run word-lengths words.txt
    ```

    On a cluster of three nodes of this host that lives for this one job:

    ```console
    $ \(alias) run word-lengths words.txt --on local
    ```

    On a cluster that stays, for as many jobs as you like:

    ```console
    $ \(alias) up -d
    $ \(alias) submit --wait word-lengths words.txt
    $ \(alias) get lengths
    $ \(alias) down
    ```

    `\(alias) doctor` tells what is wrong with this host, if anything; `swift test` runs the tests.

    """
  }

  private var alias: String { module.lowercased() }

  private var place: String {
    switch engine {
    case .path(let path): path
    case .repository: "https://example.com/mapred.git"
    }
  }
}
