// SPDX-License-Identifier: Apache-2.0
let placeholderFabricTests = 0
