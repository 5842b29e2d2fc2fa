// SPDX-License-Identifier: Apache-2.0
let placeholderFabrics = 0
