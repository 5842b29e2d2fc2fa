// SPDX-License-Identifier: Apache-2.0
let placeholderFabricConformance = 0
